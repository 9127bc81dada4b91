/* SPDX-License-Identifier: BSD-3-Clause */
/* The options that every command with a dataplane shares: what to classify by, how to report. */
#ifndef RUN_OPTIONS_H
#define RUN_OPTIONS_H

#include "command.h"
#include "ctl/report.h"
#include "dataplane/dataplane.h"

enum { RUN_WORKERS_MAX = 64, RUN_MODELS_MAX = 2 };

/* Tiers where none are named: what reads no payload. */
enum { RUN_TIERS_DEFAULT = 1u << TIER_PORTS | 1u << TIER_HEADERS };

struct run_options {
    struct dataplane_options dataplane; /* but for protocols */
    bool names_tiers;                   /* --tiers was given */
    enum report_format format;
    uint64_t interval_ns; /* 0: the whole run is one interval */
    unsigned min_endpoints;
    const char *rules_path;                  /* null: the program's own */
    const char *model_paths[RUN_MODELS_MAX]; /* of kinds that none is given of: likewise */
    unsigned model_count;
};

enum run_option {
    OPTION_TIERS = 256,
    OPTION_RULES,
    OPTION_MODEL,
    OPTION_FORMAT,
    OPTION_INTERVAL,
    OPTION_WORKERS,
    OPTION_FLOWS,
    OPTION_ENDPOINTS,
    OPTION_MIN_ENDPOINTS,
    OPTION_SCOPE,
    OPTION_NO_DECAP,
    OPTION_IDLE_CLOSED,
    OPTION_IDLE_TCP,
    OPTION_IDLE_UDP,
    OPTION_IDLE_OTHER,
    OPTION_OWN, /* the first number for a command's own options */
};

/* Their part of a command's help. */
#define RUN_OPTIONS_HELP                                                                         \
    "  --tiers LIST       evidence to use: ports, headers, stochastic, signatures\n"             \
    "                     (default: ports,headers)\n"                                            \
    "  --model FILE       model of the headers or stochastic tier, once for each\n"              \
    "                     (default: this program's own)\n"                                       \
    "  --rules DIR        rules of the signatures tier (default: this program's own)\n"          \
    "  --format FORMAT    table, json, ndjson, csv or prometheus (default: table)\n"             \
    "  --interval S       one report per S seconds (default: 60 live, one in all of captures)\n" \
    "  --workers N        classify in N threads (default: 1)\n"                                  \
    "  --flows N          flows that can be open at once (default: 1048576)\n"                   \
    "  --endpoints N      endpoints the stochastic tier knows at once (default: 65536)\n"        \
    "  --min-endpoints N  withhold protocols seen from fewer than N initiating addresses\n"      \
    "                     (default: 0, withhold nothing)\n"                                      \
    "  --no-decap         do not look inside tunnels\n"                                          \
    "  --scope LIST       tunnel identities that keep flows apart: vlan, vni, teid\n"            \
    "                     (default: none)\n"                                                     \
    "  --idle-closed S    forget a closed TCP connection after S seconds (default: 5)\n"         \
    "  --idle-tcp S       end an idle TCP flow after S seconds (default: 300)\n"                 \
    "  --idle-udp S       end an idle UDP flow after S seconds (default: 120)\n"                 \
    "  --idle-other S     end an idle flow of another kind after S seconds (default: 60)\n"

struct run_options run_options_default(void);

/* Tiers that this build can run: a set of 1 << enum tier. */
unsigned run_options_tiers_built(void);

/* Options that are a command's own. */
struct run_options_own {
    const struct option *table; /* ends with an empty one; numbers from OPTION_OWN on */
    int (*take)(void *context, int option, const char *value, struct error *error); /* 0, -EINVAL */
    void *context;
};

enum { RUN_OPTIONS_GOOD = -1 };

/* Reads the command line; operands start at argv[optind] then. `own` may be null. Tiers that nobody
 * named are left out, with a word about it, where their model is neither given nor beside the
 * program: whoever asked for nothing gets a report all the same. Returns RUN_OPTIONS_GOOD, or the
 * exit code to leave with after what had to be said. */
int run_options_read(struct run_options *run, const struct command *command, int argc, char **argv,
                     const struct run_options_own *own);

#endif
