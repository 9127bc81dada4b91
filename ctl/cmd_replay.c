/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox replay: captures in, reports out. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "command.h"
#include "ctl/report.h"
#include "ctl/report_stream.h"
#include "ctl/rule_folder.h"
#include "dataplane/dataplane.h"
#include "dataplane/source_pcap.h"

enum { WORKERS_MAX = 64 };

struct replay {
    struct dataplane_options dataplane;
    enum report_format format;
    uint64_t interval_ns;
    unsigned min_endpoints;
    const char *const *files;
    unsigned file_count;
    const char *rules_path; /* null: the program's own */
    struct rule_folder rules;
    atomic_uint complaints; /* told by the source's thread */
};

enum replay_option {
    OPTION_TIERS = 256,
    OPTION_RULES,
    OPTION_FORMAT,
    OPTION_INTERVAL,
    OPTION_WORKERS,
    OPTION_FLOWS,
    OPTION_MIN_ENDPOINTS,
    OPTION_SCOPE,
    OPTION_NO_DECAP,
    OPTION_IDLE_CLOSED,
    OPTION_IDLE_TCP,
    OPTION_IDLE_UDP,
    OPTION_IDLE_OTHER,
};

static const struct option options[] = {
    {"tiers", required_argument, NULL, OPTION_TIERS},
    {"rules", required_argument, NULL, OPTION_RULES},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"interval", required_argument, NULL, OPTION_INTERVAL},
    {"workers", required_argument, NULL, OPTION_WORKERS},
    {"flows", required_argument, NULL, OPTION_FLOWS},
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

static struct dataplane *running; /* for the signal handler */

static void stop_on_signal(int number)
{
    (void)number;
    dataplane_stop(running);
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

static int take_tier(const char *name, void *context)
{
    static const enum tier built[] = {TIER_PORTS, TIER_SIGNATURES};
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

static int take_tiers_option(struct replay *replay, const char *value, struct error *error)
{
    replay->dataplane.classifier.tiers = 0;
    if (read_list(value, take_tier, &replay->dataplane.classifier.tiers))
        return error_set(error, EINVAL,
                         "--tiers: '%s' is not a list of tiers that are built in: ports, "
                         "signatures",
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

static int take_option(struct replay *replay, int option, const char *value, struct error *error)
{
    struct classifier_options *classifier = &replay->dataplane.classifier;
    int format;
    switch (option) {
    case OPTION_TIERS:
        return take_tiers_option(replay, value, error);
    case OPTION_RULES:
        replay->rules_path = value;
        return 0;
    case OPTION_FORMAT:
        format = report_format_find(value);
        if (format < 0)
            return error_set(error, EINVAL,
                             "--format: '%s' is none of table, json, ndjson, csv, prometheus",
                             value);
        replay->format = (enum report_format)format;
        return 0;
    case OPTION_INTERVAL:
        return text_read_seconds(value, "--interval", &replay->interval_ns, error);
    case OPTION_WORKERS:
        return take_count(value, "--workers", 1, WORKERS_MAX, &replay->dataplane.worker_count,
                          error);
    case OPTION_FLOWS:
        return text_read_unsigned(value, "--flows", 16, 1000000000, &classifier->flow_count, error);
    case OPTION_MIN_ENDPOINTS:
        return take_count(value, "--min-endpoints", 0, TALLY_HOST_BITS / 4, &replay->min_endpoints,
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

static void tell_complaint(void *context, const char *input, const char *text)
{
    struct replay *replay = context;
    atomic_fetch_add(&replay->complaints, 1);
    command_complain("%s: %s", strcmp(input, "-") ? input : "standard input", text);
}

/* The reading thread has taken the signals; this one must not be interrupted while it writes. */
static void take_signals(struct dataplane *dataplane)
{
    const struct sigaction action = {.sa_handler = stop_on_signal, .sa_flags = (int)SA_RESETHAND};
    sigset_t ours;
    running = dataplane;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ours, NULL);
}

static int write_reports(struct replay *replay, struct dataplane *dataplane, struct error *error)
{
    const struct report_context context = {
        .source_kind = "pcap",
        .link = "file",
        .tiers = replay->dataplane.classifier.tiers,
        .min_endpoints = replay->min_endpoints,
        .interval_ns = replay->interval_ns,
        .protocols = replay->dataplane.protocols,
        .rules_sha256 = replay->rules.rules ? replay->rules.rules->sha256 : NULL,
    };
    struct report_stream *stream;
    struct tally *tally;
    int failure = tally_new(&tally, protocols_count(context.protocols), error);
    if (failure)
        return failure;
    failure = report_stream_new(&stream, &context, replay->format, stdout, error);
    while (!failure && dataplane_next(dataplane, tally))
        failure = report_stream_write(stream, tally, error);
    if (!failure)
        failure = report_stream_end(stream, error);
    report_stream_free(stream);
    tally_free(tally);
    return failure;
}

static int replay_files(struct replay *replay, struct error *error)
{
    const struct source_pcap_options pcap = {
        .files = replay->files,
        .file_count = replay->file_count,
        .interval_ns = replay->interval_ns,
        .complaint = {.tell = tell_complaint, .context = replay},
    };
    struct source *source;
    struct dataplane *dataplane;
    int failure = source_pcap_new(&source, &pcap, error);
    if (failure)
        return failure;
    failure = dataplane_start(&dataplane, &replay->dataplane, source, error);
    if (failure)
        return failure;
    take_signals(dataplane);
    failure = write_reports(replay, dataplane, error);
    bool was_stopped = dataplane_was_stopped(dataplane);
    dataplane_free(dataplane);
    if (!failure && was_stopped)
        failure =
            error_set(error, EINTR, "interrupted: the report covers what was read until then");
    return failure;
}

static void tell_fault(const char *text)
{
    command_complain("%s", text);
}

/* The rules come first: what they declare must stand in the table before anything counts. */
static int replay_with_rules(struct replay *replay, struct protocols *protocols,
                             struct error *error)
{
    if (!(replay->dataplane.classifier.tiers & 1u << TIER_SIGNATURES))
        return replay_files(replay, error);
    struct rule_folder *rules = &replay->rules;
    int failure = rule_folder_read(rules, replay->rules_path, protocols, tell_fault, error);
    if (!failure)
        failure = rule_folder_compile(rules, protocols, tell_fault, error);
    replay->dataplane.classifier.signatures = rules->signatures;
    if (!failure)
        failure = replay_files(replay, error);
    rule_folder_close(rules);
    return failure;
}

static int replay_with_protocols(struct replay *replay)
{
    struct error error = {0};
    struct protocols *protocols;
    int failure = protocols_new(&protocols, &error);
    if (!failure) {
        replay->dataplane.protocols = protocols;
        replay->dataplane.classifier.counts_hosts = replay->min_endpoints > 0;
        failure = replay_with_rules(replay, protocols, &error);
        protocols_free(protocols);
    }
    if (failure)
        command_complain("%s", error.text);
    return command_flush(failure || replay->complaints ? EXIT_FAILED : EXIT_GOOD);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct replay replay = {
        .dataplane = {.classifier = {.tiers = 1u << TIER_PORTS,
                                     .flow_count = 1 << 20,
                                     .timeouts = flow_timeouts_default()},
                      .worker_count = 1},
        .format = REPORT_TABLE,
    };
    struct error error = {0};
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (option == 'h')
            return command_help(command);
        if (option == '?')
            return command_misused(command, "unknown option '%s'", argv[optind - 1]);
        if (option == ':')
            return command_misused(command, "%s needs a value", argv[optind - 1]);
        if (take_option(&replay, option, optarg, &error))
            return command_misused(command, "%s", error.text);
    }
    if (optind == argc)
        return command_misused(command,
                               "which capture? name at least one file, or - for standard input");
    replay.files = (const char *const *)argv + optind;
    replay.file_count = (unsigned)(argc - optind);
    return replay_with_protocols(&replay);
}

const struct command command_replay = {
    .name = "replay",
    .summary = "read captures and report what they hold, per protocol",
    .usage = "glassbox replay [OPTION...] FILE...",
    .help =
        "Reads pcap and pcapng captures, one after the other (- is standard input), and prints "
        "how\n"
        "much of which protocol they hold. Nothing else leaves: no address, no name, no "
        "payload.\n\n"
        "  --tiers LIST       evidence to use: ports, signatures (default: ports)\n"
        "  --rules DIR        rules of the signatures tier (default: those of this program)\n"
        "  --format FORMAT    table, json, ndjson, csv or prometheus (default: table)\n"
        "  --interval S       one report per S seconds of capture time (default: one in all)\n"
        "  --workers N        classify in N threads (default: 1)\n"
        "  --flows N          flows that can be open at once (default: 1048576)\n"
        "  --min-endpoints N  withhold protocols seen from fewer than N initiating addresses\n"
        "                     (default: 0, withhold nothing)\n"
        "  --no-decap         do not look inside tunnels\n"
        "  --scope LIST       tunnel identities that keep flows apart: vlan, vni, teid\n"
        "                     (default: none)\n"
        "  --idle-closed S    forget a closed TCP connection after S seconds (default: 5)\n"
        "  --idle-tcp S       end an idle TCP flow after S seconds (default: 300)\n"
        "  --idle-udp S       end an idle UDP flow after S seconds (default: 120)\n"
        "  --idle-other S     end an idle flow of another kind after S seconds (default: 60)\n\n"
        "Exit status: 0 when everything was read, 1 when some file was not or only in part (the\n"
        "rest is reported all the same), 2 when the command was misused.\n",
    .run = run,
};
