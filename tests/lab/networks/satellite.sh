# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A line over a geostationary satellite: half a second there and back.
LINE_UP='rate-mbit 3 delay-ms 280 jitter-ms 5 loss-percent 0.1 burst-frames 3 queue-ms 600'
LINE_DOWN='rate-mbit 20 delay-ms 280 jitter-ms 5 loss-percent 0.1 burst-frames 3 queue-ms 400'
