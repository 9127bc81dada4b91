/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox live: a port in, reports out, until it is told to stop. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit_setup.h"
#include "command.h"
#include "ctl/report_stream.h"
#include "dataplane/dataplane.h"
#include "dataplane/source_dpdk.h"
#include "live_device.h"
#include "privilege.h"
#include "run_knowledge.h"
#include "run_options.h"
#include "textfile.h"

struct live {
    struct run_options run;
    struct run_knowledge knowledge;
    struct live_device_options device_options;
    struct live_device device;
    struct audit_setup audit;  /* without paths: no boxes */
    const char *textfile_path; /* null: none is written */
    const char *user;
};

enum live_option {
    OPTION_SOURCE = OPTION_OWN,
    OPTION_FORWARD,
    OPTION_TEXTFILE,
    OPTION_USER,
    OPTION_BOX,
    OPTION_SUBSCRIBERS,
    OPTION_LADDER,
};

static const struct option options[] = {
    {"source", required_argument, NULL, OPTION_SOURCE},
    {"forward", required_argument, NULL, OPTION_FORWARD},
    {"textfile", required_argument, NULL, OPTION_TEXTFILE},
    {"user", required_argument, NULL, OPTION_USER},
    {"box", required_argument, NULL, OPTION_BOX},
    {"subscribers", required_argument, NULL, OPTION_SUBSCRIBERS},
    {"ladder", no_argument, NULL, OPTION_LADDER},
    {NULL, 0, NULL, 0},
};

/* For the signal handlers. */
static struct dataplane *running;
static atomic_uint_least64_t cut_ns;

static uint64_t read_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void stop_on_signal(int number)
{
    (void)number;
    dataplane_stop(running);
}

/* All workers shall have read the time before any comes to it. */
static void cut_on_signal(int number)
{
    const uint64_t notice_ns = 2000000;
    (void)number;
    atomic_store(&cut_ns, read_clock() + notice_ns);
}

static void take_signals(struct dataplane *dataplane)
{
    const struct sigaction stop = {.sa_handler = stop_on_signal, .sa_flags = (int)SA_RESETHAND};
    const struct sigaction cut = {.sa_handler = cut_on_signal, .sa_flags = SA_RESTART};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    running = dataplane;
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGUSR1, &cut, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

static int take_option(void *context, int option, const char *value, struct error *error)
{
    struct live *live = context;
    switch (option) {
    case OPTION_BOX:
        return audit_setup_add(&live->audit, value, error);
    case OPTION_SUBSCRIBERS:
        return prefixes_read(&live->audit.subscribers, value, error);
    case OPTION_LADDER:
        live->audit.has_ladder = true;
        return 0;
    case OPTION_SOURCE:
        live->device_options.source = value;
        return 0;
    case OPTION_FORWARD:
        live->device_options.forward = value;
        return 0;
    case OPTION_TEXTFILE:
        live->textfile_path = value;
        return 0;
    default:
        live->user = value;
        return 0;
    }
}

static struct report_context context_of(const struct live *live)
{
    return run_knowledge_context(&live->knowledge, &live->run, "dpdk",
                                 live->device_options.forward ? "inline" : "mirror");
}

/* The report, and beside it the audit. */
static int write_interval(const struct live *live, struct report_stream *stream,
                          struct textfile *textfile, const struct tally *tally, struct error *error)
{
    bool is_table = live->run.format == REPORT_TABLE;
    int failure = report_stream_write(stream, tally, error);
    if (!failure && textfile)
        failure = textfile_write(textfile, tally, error);
    if (!failure && live->audit.box_count)
        failure = audit_setup_write(&live->audit, tally, is_table ? AUDIT_TABLE : AUDIT_NDJSON,
                                    stdout, error);
    return failure;
}

static int write_reports(const struct live *live, struct dataplane *dataplane,
                         struct report_stream *stream, struct textfile *textfile,
                         struct error *error)
{
    const struct policy_options *policy = &live->audit.policy;
    struct tally *tally;
    int failure = tally_new(&tally, protocols_count(live->knowledge.protocols), error);
    if (failure)
        return failure;
    failure = tally_add_policy(tally, policy->views, policy->view_count, error);
    while (!failure && dataplane_next(dataplane, tally))
        failure = write_interval(live, stream, textfile, tally, error);
    tally_free(tally);
    return failure ? failure : report_stream_end(stream, error);
}

/* Where reports go is known to work before the first frame is taken. */
static int report_on(struct live *live, struct dataplane *dataplane, struct textfile *textfile,
                     struct error *error)
{
    const struct report_context context = context_of(live);
    struct report_stream *stream;
    int failure = report_stream_new(&stream, &context, live->run.format, stdout, error);
    if (failure)
        return failure;
    failure = write_reports(live, dataplane, stream, textfile, error);
    report_stream_free(stream);
    return failure;
}

static int start_dataplane(struct live *live, struct source *const *sources, unsigned count,
                           struct dataplane **dataplane, struct error *error)
{
    if (count == live->run.dataplane.worker_count)
        return dataplane_start_each(dataplane, &live->run.dataplane, sources, error);
    return dataplane_start(dataplane, &live->run.dataplane, sources[0], error);
}

static int run_dataplane(struct live *live, struct source *const *sources, unsigned count,
                         struct error *error)
{
    const struct report_context context = context_of(live);
    struct textfile *textfile = NULL;
    struct dataplane *dataplane;
    int failure = privilege_drop(live->user, live->device.needs_network, error);
    if (!failure && live->textfile_path)
        failure = textfile_new(&textfile, live->textfile_path, &context, error);
    if (failure) {
        for (unsigned i = 0; i < count; i++)
            source_close(sources[i]);
        return failure;
    }
    failure = start_dataplane(live, sources, count, &dataplane, error);
    if (!failure) {
        take_signals(dataplane);
        failure = report_on(live, dataplane, textfile, error);
        privilege_raise_network();
        dataplane_free(dataplane);
    }
    textfile_free(textfile);
    return failure;
}

static int open_sources(const struct live *live, struct source **sources, unsigned *count,
                        struct error *error)
{
    const struct live_device *device = &live->device;
    struct source_dpdk_options source = {
        .port_count = device->port_count,
        .forwards = live->device_options.forward != NULL,
        .queue_count = device->queue_count,
        .frame_bytes = device->frame_bytes,
        .interval_ns = live->run.interval_ns,
        .start_ns = read_clock(),
        .cut_ns = &cut_ns,
        .waiting_frames = device->waiting_frames,
    };
    memcpy(source.ports, device->ports, sizeof source.ports);
    return source_dpdk_open(sources, live->run.dataplane.worker_count, count, &source, error);
}

static int listen_live(struct live *live, struct error *error)
{
    struct source *sources[RUN_WORKERS_MAX];
    unsigned count = 0;
    int failure = live_device_open(&live->device, &live->device_options, error);
    if (!failure)
        failure = source_dpdk_start(live->device.argument_count, live->device.arguments, error);
    if (!failure) {
        failure = open_sources(live, sources, &count, error);
        if (!failure)
            failure = run_dataplane(live, sources, count, error);
        source_dpdk_stop();
    }
    live_device_close(&live->device);
    return failure;
}

static int listen_with_knowledge(struct live *live)
{
    struct error error = {0};
    int failure = run_knowledge_open(&live->knowledge, &live->run, &error);
    if (!failure && live->audit.path_count)
        failure = audit_setup_open(&live->audit, &live->run, &live->knowledge, &error);
    if (!failure)
        failure = listen_live(live, &error);
    audit_setup_close(&live->audit);
    run_knowledge_close(&live->knowledge);
    if (failure)
        command_complain("%s", error.text);
    return command_flush(failure ? EXIT_FAILED : EXIT_GOOD);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct live live = {.run = run_options_default(), .user = "nobody"};
    const struct run_options_own own = {.table = options, .take = take_option, .context = &live};
    live.run.format = REPORT_NDJSON;
    live.run.interval_ns = 60000000000;
    live.run.dataplane.is_live = true;
    int outcome = run_options_read(&live.run, command, argc, argv, &own);
    if (outcome != RUN_OPTIONS_GOOD)
        return outcome;
    if (!live.device_options.source)
        return command_misused(command, "listen to what? give --source");
    bool is_summed = live.run.format == REPORT_CSV || live.run.format == REPORT_PROMETHEUS;
    if (live.audit.path_count && (is_summed || live.run.dataplane.worker_count != 1))
        return command_misused(command, "--box: audits are tables or JSON, and boxes see all "
                                        "traffic, which takes one worker");
    live.audit.keeps_tiers = true;
    live.audit.context.source_kind = "dpdk";
    live.audit.context.link = live.device_options.forward ? "inline" : "mirror";
    live.device_options.argument_count = (unsigned)(argc - optind);
    live.device_options.arguments = (const char *const *)argv + optind;
    return listen_with_knowledge(&live);
}

const struct command command_live = {
    .name = "live",
    .summary = "listen to a port and report what passes, per protocol",
    .usage = "glassbox live --source SOURCE [OPTION...] [-- DPDK-ARGUMENT...]",
    .help =
        "Counts what passes a mirror port, or passes through this machine, and prints one report "
        "per\n"
        "interval. Nothing else leaves: no address, no name, no payload. Ends with a last report "
        "on\n"
        "SIGINT and SIGTERM; SIGUSR1 ends the interval and reports at once.\n\n"
        "  --source SOURCE    af_packet:IFACE  any interface, through the kernel\n"
        "                     af_xdp:IFACE     faster, where the interface's driver has XDP\n"
        "                     dpdk             DPDK's first port, by the arguments after --\n"
        "  --forward A:B      be a bump in the wire: send each frame on, untouched, between two\n"
        "                     interfaces (--source af_packet or af_xdp) or DPDK ports (as in "
        "0:1);\n"
        "                     without it, nothing is ever sent\n"
        "  --box BOX.yaml     after each report say what this box would have done "
        "(docs/audit-report\n"
        "                     .md); may be given several times. Boxes see the tiers of --tiers\n"
        "  --subscribers LIST prefixes of subscribers, for boxes' up and down\n"
        "  --ladder           and what each would do seeing fewer or more of these tiers\n"
        "  --textfile FILE    keep the totals in FILE for Prometheus' textfile collector\n"
        "  --user NAME        become this user once the port is open (default: "
        "nobody)\n" RUN_OPTIONS_HELP
        "\nExit status: 0 after a signal to stop, 1 when something failed, 2 when the command was\n"
        "misused.\n",
    .run = run,
};
