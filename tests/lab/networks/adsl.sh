# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# An ADSL line with PPPoE's smaller packets: slow, slower still upwards, interleaved.
LINE_UP='rate-mbit 1 delay-ms 12 jitter-ms 1 loss-percent 0.05 burst-frames 2 queue-ms 250'
LINE_DOWN='rate-mbit 12 delay-ms 12 jitter-ms 1 loss-percent 0.05 burst-frames 2 queue-ms 150'
LINE_MTU=1492
