# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A 4G line: much jitter, losses in bursts, deep queues.
LINE_UP='rate-mbit 8 delay-ms 20 jitter-ms 8 loss-percent 0.4 burst-frames 4 queue-ms 500'
LINE_DOWN='rate-mbit 25 delay-ms 20 jitter-ms 8 loss-percent 0.4 burst-frames 4 queue-ms 400'
LINE_MTU=1430
