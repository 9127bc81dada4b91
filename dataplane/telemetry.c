/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers in DPDK's telemetry thread. */
#include "dataplane/telemetry.h"

#include <errno.h>
#include <pthread.h>
#include <rte_telemetry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct kept_report {
    uint64_t number; /* from 1; 0: none */
    size_t bytes;
    char *text;
};

enum { REPORTS_KEPT = 2, PERCENT = 100 };

/* DPDK's commands have no context. All under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct dataplane *told; /* null: there is none */
static struct kept_report reports[REPORTS_KEPT];
static uint64_t last_number;

static int tell_last(struct rte_tel_data *data)
{
    const struct kept_report *report = &reports[last_number % REPORTS_KEPT];
    if (!report->number)
        return -ENOENT;
    rte_tel_data_start_dict(data);
    rte_tel_data_add_dict_u64(data, "number", report->number);
    rte_tel_data_add_dict_u64(data, "bytes", report->bytes);
    rte_tel_data_add_dict_u64(data, "chunks",
                              (report->bytes + TELEMETRY_CHUNK_BYTES - 1) / TELEMETRY_CHUNK_BYTES);
    return 0;
}

static int tell_chunk(uint64_t number, uint64_t chunk, struct rte_tel_data *data)
{
    char text[TELEMETRY_CHUNK_BYTES + 1];
    const struct kept_report *report = &reports[number % REPORTS_KEPT];
    if (!number || report->number != number || chunk > (report->bytes - 1) / TELEMETRY_CHUNK_BYTES)
        return -ENOENT;
    const char *from = report->text + chunk * TELEMETRY_CHUNK_BYTES;
    size_t left = report->bytes - chunk * TELEMETRY_CHUNK_BYTES;
    snprintf(text, sizeof text, "%.*s",
             (int)(left < TELEMETRY_CHUNK_BYTES ? left : TELEMETRY_CHUNK_BYTES), from);
    return rte_tel_data_string(data, text);
}

/* "NUMBER,CHUNK", decimal. */
static bool read_two(const char *text, uint64_t *number, uint64_t *chunk)
{
    char first[24];
    size_t length = strcspn(text, ",");
    if (length >= sizeof first || !text[length])
        return false;
    memcpy(first, text, length);
    first[length] = '\0';
    return text_read_unsigned(first, "NUMBER", 0, UINT64_MAX, number, NULL) == 0 &&
           text_read_unsigned(text + length + 1, "CHUNK", 0, UINT32_MAX, chunk, NULL) == 0;
}

static int answer_report(const char *command, const char *parameters, struct rte_tel_data *data)
{
    uint64_t number = 0;
    uint64_t chunk = 0;
    int outcome = -EINVAL;
    (void)command;
    pthread_mutex_lock(&lock);
    if (!told)
        outcome = -ENOENT;
    else if (!parameters || !*parameters)
        outcome = tell_last(data);
    else if (read_two(parameters, &number, &chunk))
        outcome = tell_chunk(number, chunk, data);
    pthread_mutex_unlock(&lock);
    return outcome;
}

static int add_worker(struct rte_tel_data *data, unsigned number)
{
    char name[32];
    const struct dataplane_worker worker = dataplane_worker(told, number);
    struct rte_tel_data *row = rte_tel_data_alloc();
    if (!row)
        return -ENOMEM;
    rte_tel_data_start_dict(row);
    rte_tel_data_add_dict_u64(row, "frames", worker.frames);
    rte_tel_data_add_dict_u64(row, "bytes", worker.bytes);
    rte_tel_data_add_dict_u64(row, "shed", worker.shed_frames);
    rte_tel_data_add_dict_u64(row, "bursts", worker.bursts);
    rte_tel_data_add_dict_u64(row, "busy_ns", worker.busy_ns);
    rte_tel_data_add_dict_u64(row, "elapsed_ns", worker.elapsed_ns);
    if (worker.elapsed_ns)
        rte_tel_data_add_dict_u64(row, "busy_percent",
                                  worker.busy_ns * PERCENT / worker.elapsed_ns);
    if (worker.waiting_frames >= 0)
        rte_tel_data_add_dict_u64(row, "waiting", (uint64_t)worker.waiting_frames);
    snprintf(name, sizeof name, "%u", number);
    return rte_tel_data_add_dict_container(data, name, row, 0);
}

static int answer_workers(const char *command, const char *parameters, struct rte_tel_data *data)
{
    (void)command;
    (void)parameters;
    pthread_mutex_lock(&lock);
    int failure = told ? 0 : -ENOENT;
    if (!failure)
        rte_tel_data_start_dict(data);
    for (unsigned i = 0; !failure && i < dataplane_workers(told); i++)
        failure = add_worker(data, i);
    pthread_mutex_unlock(&lock);
    return failure;
}

static void tell_kernel(const struct source_kernel *counts, struct rte_tel_data *data)
{
    rte_tel_data_start_dict(data);
    rte_tel_data_add_dict_u64(data, "frames", counts->seen_frames);
    rte_tel_data_add_dict_u64(data, "bytes", counts->seen_bytes);
    rte_tel_data_add_dict_u64(data, "handed_over", counts->handed_frames);
    rte_tel_data_add_dict_u64(data, "left", counts->left_frames);
    rte_tel_data_add_dict_u64(data, "dropped", counts->dropped_frames);
}

static int answer_kernel(const char *command, const char *parameters, struct rte_tel_data *data)
{
    struct source_kernel counts;
    (void)command;
    (void)parameters;
    pthread_mutex_lock(&lock);
    bool is_counted = told && dataplane_kernel(told, &counts);
    pthread_mutex_unlock(&lock);
    if (!is_counted)
        return -ENOENT;
    tell_kernel(&counts, data);
    return 0;
}

int telemetry_start(const struct dataplane *dataplane, struct error *error)
{
    int failure = rte_telemetry_register_cmd(
        "/glassbox/report", answer_report,
        "The last report's number and chunks; with NUMBER,CHUNK that part of its JSON");
    if (!failure)
        failure = rte_telemetry_register_cmd("/glassbox/workers", answer_workers,
                                             "Frames, time and ring of each worker");
    if (!failure)
        failure = rte_telemetry_register_cmd("/glassbox/kernel", answer_kernel,
                                             "What the kernel's program counted before us");
    if (failure)
        return error_set(error, -failure, "no telemetry commands to be had: %s",
                         strerror(-failure));
    pthread_mutex_lock(&lock);
    told = dataplane;
    pthread_mutex_unlock(&lock);
    return 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): it is kept, and freed */
void telemetry_tell(char *report, size_t bytes)
{
    pthread_mutex_lock(&lock);
    struct kept_report *kept = &reports[++last_number % REPORTS_KEPT];
    char *outdated = kept->text;
    *kept = (struct kept_report){.number = last_number, .bytes = bytes, .text = report};
    pthread_mutex_unlock(&lock);
    free(outdated);
}

void telemetry_stop(void)
{
    pthread_mutex_lock(&lock);
    told = NULL;
    for (unsigned i = 0; i < REPORTS_KEPT; i++) {
        free(reports[i].text);
        reports[i] = (struct kept_report){.number = 0};
    }
    pthread_mutex_unlock(&lock);
}
