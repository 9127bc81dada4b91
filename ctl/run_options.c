/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the options that every command with a dataplane shares; runs nothing. */
#include "run_options.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "ctl/model_file.h"

enum { OWN_MAX = 32 };

static const struct option shared[] = {
    {"tiers", required_argument, NULL, OPTION_TIERS},
    {"rules", required_argument, NULL, OPTION_RULES},
    {"model", required_argument, NULL, OPTION_MODEL},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"interval", required_argument, NULL, OPTION_INTERVAL},
    {"workers", required_argument, NULL, OPTION_WORKERS},
    {"flows", required_argument, NULL, OPTION_FLOWS},
    {"endpoints", required_argument, NULL, OPTION_ENDPOINTS},
    {"min-endpoints", required_argument, NULL, OPTION_MIN_ENDPOINTS},
    {"scope", required_argument, NULL, OPTION_SCOPE},
    {"no-decap", no_argument, NULL, OPTION_NO_DECAP},
    {"idle-closed", required_argument, NULL, OPTION_IDLE_CLOSED},
    {"idle-tcp", required_argument, NULL, OPTION_IDLE_TCP},
    {"idle-udp", required_argument, NULL, OPTION_IDLE_UDP},
    {"idle-other", required_argument, NULL, OPTION_IDLE_OTHER},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct run_options run_options_default(void)
{
    return (struct run_options){
        .dataplane = {.classifier = {.tiers = RUN_TIERS_DEFAULT,
                                     .flow_count = 1 << 20,
                                     .endpoint_count = STOCHASTIC_ENDPOINTS,
                                     .timeouts = flow_timeouts_default()},
                      .worker_count = 1},
        .format = REPORT_TABLE,
    };
}

/* Reads "a,b": calls `take` for each part; 0 or -EINVAL. */
static int read_list(const char *text, int (*take)(const char *name, void *context), void *context)
{
    char part[32];
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        if (length == 0 || length >= sizeof part)
            return -EINVAL;
        memcpy(part, at, length);
        part[length] = '\0';
        if (take(part, context))
            return -EINVAL;
        at += length;
        if (!*at)
            return 0;
    }
}

static const enum tier built[] = {TIER_PORTS, TIER_HEADERS, TIER_STOCHASTIC, TIER_SIGNATURES};

unsigned run_options_tiers_built(void)
{
    unsigned tiers = 0;
    for (unsigned i = 0; i < sizeof built / sizeof *built; i++)
        tiers |= 1u << built[i];
    return signatures_are_built() ? tiers : tiers & ~(1u << TIER_SIGNATURES);
}

static int take_tier(const char *name, void *context)
{
    unsigned *tiers = context;
    for (unsigned i = 0; i < sizeof built / sizeof *built; i++) {
        if (!strcmp(name, tier_name(built[i]))) {
            *tiers |= 1u << built[i];
            return 0;
        }
    }
    return -EINVAL;
}

static int take_scope(const char *name, void *context)
{
    unsigned *scope = context;
    if (!strcmp(name, "vlan"))
        *scope |= PACKET_SCOPE_VLAN;
    else if (!strcmp(name, "vni"))
        *scope |= PACKET_SCOPE_VNI;
    else if (!strcmp(name, "teid"))
        *scope |= PACKET_SCOPE_TEID;
    else
        return -EINVAL;
    return 0;
}

static int take_tiers_option(struct run_options *run, const char *value, struct error *error)
{
    run->dataplane.classifier.tiers = 0;
    run->names_tiers = true;
    if (read_list(value, take_tier, &run->dataplane.classifier.tiers))
        return error_set(error, EINVAL,
                         "--tiers: '%s' is not a list of tiers that are built in: ports, "
                         "headers, stochastic, signatures",
                         value);
    return 0;
}

static int take_count(const char *value, const char *what, uint64_t least, uint64_t most,
                      unsigned *count, struct error *error)
{
    uint64_t number = 0;
    int failure = text_read_unsigned(value, what, least, most, &number, error);
    *count = (unsigned)number;
    return failure;
}

static int take_option(struct run_options *run, int option, const char *value, struct error *error)
{
    struct classifier_options *classifier = &run->dataplane.classifier;
    int format;
    switch (option) {
    case OPTION_TIERS:
        return take_tiers_option(run, value, error);
    case OPTION_RULES:
        run->rules_path = value;
        return 0;
    case OPTION_MODEL:
        if (run->model_count == RUN_MODELS_MAX)
            return error_set(error, EINVAL, "--model: one of each kind will do");
        run->model_paths[run->model_count++] = value;
        return 0;
    case OPTION_FORMAT:
        format = report_format_find(value);
        if (format < 0)
            return error_set(error, EINVAL,
                             "--format: '%s' is none of table, json, ndjson, csv, prometheus",
                             value);
        run->format = (enum report_format)format;
        return 0;
    case OPTION_INTERVAL:
        return text_read_seconds(value, "--interval", &run->interval_ns, error);
    case OPTION_WORKERS:
        return take_count(value, "--workers", 1, RUN_WORKERS_MAX, &run->dataplane.worker_count,
                          error);
    case OPTION_FLOWS:
        return text_read_unsigned(value, "--flows", 16, 1000000000, &classifier->flow_count, error);
    case OPTION_ENDPOINTS:
        return text_read_unsigned(value, "--endpoints", 16, 100000000, &classifier->endpoint_count,
                                  error);
    case OPTION_MIN_ENDPOINTS:
        return take_count(value, "--min-endpoints", 0, TALLY_HOST_BITS / 4, &run->min_endpoints,
                          error);
    case OPTION_SCOPE:
        if (read_list(value, take_scope, &classifier->packet.scope))
            return error_set(error, EINVAL, "--scope: '%s' is not a list of vlan, vni, teid",
                             value);
        return 0;
    case OPTION_NO_DECAP:
        classifier->packet.keep_encapsulated = true;
        return 0;
    case OPTION_IDLE_CLOSED:
        return text_read_seconds(value, "--idle-closed", &classifier->timeouts.tcp_closed_ns,
                                 error);
    case OPTION_IDLE_TCP:
        return text_read_seconds(value, "--idle-tcp", &classifier->timeouts.tcp_ns, error);
    case OPTION_IDLE_UDP:
        return text_read_seconds(value, "--idle-udp", &classifier->timeouts.udp_ns, error);
    default:
        return text_read_seconds(value, "--idle-other", &classifier->timeouts.other_ns, error);
    }
}

static void leave_out_tiers_without_model(struct run_options *run)
{
    for (unsigned kind = 0; kind < MODEL_KINDS; kind++) {
        enum tier tier = model_kind_tier(kind);
        if (!(run->dataplane.classifier.tiers >> tier & 1) || model_file_has_own(kind))
            continue;
        run->dataplane.classifier.tiers &= ~(1u << tier);
        command_complain("no default.%s.model lies where this program looks for its own: the %s "
                         "tier is left out (--model names one, --tiers what to use)",
                         model_kind_name(kind), tier_name(tier));
    }
}

/* The shared options after a command's own. */
static void make_table(struct option *table, const struct run_options_own *own)
{
    unsigned count = 0;
    for (const struct option *option = own ? own->table : NULL; option && option->name; option++)
        table[count++] = *option;
    assert(count <= OWN_MAX);
    memcpy(table + count, shared, sizeof shared);
}

int run_options_read(struct run_options *run, const struct command *command, int argc, char **argv,
                     const struct run_options_own *own)
{
    struct error error = {0};
    struct option table[OWN_MAX + sizeof shared / sizeof *shared];
    make_table(table, own);
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":h", table, NULL)) != -1;) {
        if (option == 'h')
            return command_help(command);
        if (option == '?')
            return command_misused(command, "unknown option '%s'", argv[optind - 1]);
        if (option == ':')
            return command_misused(command, "%s needs a value", argv[optind - 1]);
        int failure = option < OPTION_OWN ? take_option(run, option, optarg, &error)
                                          : own->take(own->context, option, optarg, &error);
        if (failure)
            return command_misused(command, "%s", error.text);
    }
    if (!run->names_tiers && !run->model_count)
        leave_out_tiers_without_model(run);
    run->dataplane.classifier.counts_hosts = run->min_endpoints > 0;
    return RUN_OPTIONS_GOOD;
}
