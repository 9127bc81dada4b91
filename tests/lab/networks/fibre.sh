# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A fibre line: fast, short, without loss.
LINE_UP='rate-mbit 100 delay-ms 2 jitter-ms 0.2 queue-ms 20'
LINE_DOWN='rate-mbit 300 delay-ms 2 jitter-ms 0.2 queue-ms 20'
