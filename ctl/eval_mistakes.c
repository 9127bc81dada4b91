/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes mistakes as CSV. */
#include "eval_mistakes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "csv_text.h"

struct eval_mistakes {
    FILE *out;
};

int eval_mistakes_open(struct eval_mistakes **mistakes, const char *path, struct error *error)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return error_set(error, errno, "%s", strerror(errno));
    struct eval_mistakes *made = calloc(1, sizeof *made);
    FILE *out = fdopen(file, "w");
    if (!made || !out) {
        free(made);
        close(file);
        return error_set(error, ENOMEM, "out of memory");
    }
    made->out = out;
    fputs("capture,l4,a_ip,a_port,b_ip,b_port,packets,bytes,truth,tier,verdict,strength\n", out);
    *mistakes = made;
    return 0;
}

static void write_end(FILE *out, const struct packet *tuple, const uint8_t *address, uint16_t port)
{
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(tuple->ip_version == 4 ? AF_INET : AF_INET6, address, text, sizeof text);
    fprintf(out, ",%s,%u", text, port);
}

static void write_transport(FILE *out, uint8_t protocol)
{
    static const char *const names[] = {[IP_TCP] = "tcp", [IP_UDP] = "udp", [IP_SCTP] = "sctp"};
    if (protocol < sizeof names / sizeof *names && names[protocol])
        fprintf(out, ",%s", names[protocol]);
    else
        fprintf(out, ",%u", protocol);
}

static void write_mistake(FILE *out, const struct eval_words *words, const struct eval_unit *unit,
                          unsigned tier)
{
    const struct packet *tuple = &unit->row->tuple;
    uint16_t verdict = unit->verdict[tier];
    csv_write_text(out, unit->row->capture);
    write_transport(out, tuple->protocol);
    write_end(out, tuple, tuple->source, tuple->source_port);
    write_end(out, tuple, tuple->destination, tuple->destination_port);
    fprintf(out, ",%" PRIu64 ",%" PRIu64 ",", unit->packets, unit->bytes);
    csv_write_text(out, unit->row->label);
    fprintf(out, ",%s,", tier_name((enum tier)tier));
    if (verdict != PROTOCOL_UNKNOWN)
        csv_write_text(out, protocols_get(words->protocols, verdict)->name);
    const char *strength = unit->is_certain ? "certain" : "likely";
    fprintf(out, ",%s\n", verdict != PROTOCOL_UNKNOWN && tier == TIER_SIGNATURES ? strength : "");
}

static bool is_mistake(const struct eval_sample *sample, unsigned tier)
{
    uint16_t verdict = sample->unit.verdict[tier];
    return sample->word->is_held_out ? verdict != PROTOCOL_UNKNOWN
                                     : !eval_word_accepts(sample->word, verdict);
}

void eval_mistakes_write(struct eval_mistakes *mistakes, const struct eval_samples *samples,
                         const struct eval_words *words)
{
    for (size_t i = 0; i < samples->count; i++) {
        const struct eval_sample *sample = &samples->all[i];
        for (unsigned tier = 0; tier < EVAL_COMBINED && sample->is_judged; tier++) {
            if (samples->tiers & 1u << tier && is_mistake(sample, tier))
                write_mistake(mistakes->out, words, &sample->unit, tier);
        }
    }
}

int eval_mistakes_close(struct eval_mistakes *mistakes, struct error *error)
{
    if (!mistakes)
        return 0;
    bool has_failed = ferror(mistakes->out);
    has_failed = fclose(mistakes->out) || has_failed;
    free(mistakes);
    return has_failed ? error_set(error, EIO, "not all could be written") : 0;
}
