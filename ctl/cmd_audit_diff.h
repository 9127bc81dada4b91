/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox audit diff, which cmd_audit.c hands over to. */
#ifndef CMD_AUDIT_DIFF_H
#define CMD_AUDIT_DIFF_H

/* argv[0] is "diff". */
int audit_diff_run(int argc, char **argv);

#endif
