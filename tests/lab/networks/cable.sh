# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A cable line with bufferbloat: uploads wait up to a second in the modem.
LINE_UP='rate-mbit 5 delay-ms 7 jitter-ms 3 queue-ms 1000'
LINE_DOWN='rate-mbit 60 delay-ms 7 jitter-ms 2 queue-ms 300'
