# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A campus network: a gigabit, one millisecond there and back.
LINE_UP='rate-mbit 1000 delay-ms 0.5 jitter-ms 0.05 queue-ms 10'
LINE_DOWN='rate-mbit 1000 delay-ms 0.5 jitter-ms 0.05 queue-ms 10'
