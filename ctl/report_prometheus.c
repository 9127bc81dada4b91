/* SPDX-License-Identifier: BSD-3-Clause */
/* The Prometheus form of a report (text exposition format 0.0.4). Its counters are those of the
 * whole run, which is what the caller's tally has to hold. */
#include <inttypes.h>
#include <stddef.h>

#include "report_forms.h"
#include "report_headers.h"

struct label {
    const char *name; /* null ends a list of labels */
    const char *value;
};

/* A metric family with one number per protocol: where in the cell it is. */
struct cell_family {
    const char *name;
    const char *help;
    size_t offset;
};

static void put_family(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n') {
            fputs("\\n", out);
            continue;
        }
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
}

/* Name and labels of a sample, and the space before its number. */
static void put_series(FILE *out, const char *name, const struct label *labels)
{
    fputs(name, out);
    const struct label *label = labels;
    for (; label && label->name; label++) {
        fprintf(out, "%s%s=\"", label == labels ? "{" : ",", label->name);
        put_escaped(out, label->value);
        fputc('"', out);
    }
    fputs(label != labels ? "} " : " ", out);
}

static void put_sample(FILE *out, const char *name, const struct label *labels, uint64_t value)
{
    put_series(out, name, labels);
    fprintf(out, "%" PRIu64 "\n", value);
}

static void put_counter(FILE *out, const char *name, const char *help, uint64_t value)
{
    put_family(out, name, "counter", help);
    put_sample(out, name, NULL, value);
}

static void put_gauge(FILE *out, const char *name, const char *help, int64_t value)
{
    put_family(out, name, "gauge", help);
    put_series(out, name, NULL);
    fprintf(out, "%" PRId64 "\n", value);
}

static const struct cell_family cell_families[] = {
    {"glassbox_protocol_packets_total", "Packets by protocol.",
     offsetof(struct tally_cell, packets)},
    {"glassbox_protocol_bytes_total", "Wire bytes of whole frames without FCS, by protocol.",
     offsetof(struct tally_cell, bytes)},
    {"glassbox_protocol_flows_total", "Flows that ended, by their last verdict.",
     offsetof(struct tally_cell, flows)},
    {"glassbox_protocol_bytes_before_verdict_total",
     "Bytes of ended flows up to the packet that brought the verdict.",
     offsetof(struct tally_cell, bytes_before_verdict)},
};

static uint64_t cell_number(const struct tally_cell *cell, size_t offset)
{
    return *(const uint64_t *)((const char *)cell + offset);
}

static void put_protocols(FILE *out, const struct report *report)
{
    for (size_t i = 0; i < sizeof cell_families / sizeof *cell_families; i++) {
        const struct cell_family *family = &cell_families[i];
        put_family(out, family->name, "counter", family->help);
        for (unsigned row = 0; row < report->row_count; row++) {
            const struct report_row *at = &report->rows[row];
            const struct label labels[] = {{"protocol", at->name}, {"category", at->category}, {0}};
            put_sample(out, family->name, labels, cell_number(&at->cell, family->offset));
        }
    }
}

/* Per protocol and tier in use: `flows` and `bytes` of by_tier, as `offset` says. */
static void put_by_tier(FILE *out, const struct report *report, const char *name, const char *help,
                        size_t offset)
{
    put_family(out, name, "counter", help);
    for (unsigned row = 0; row < report->row_count; row++) {
        const struct report_row *at = &report->rows[row];
        for (unsigned tier = 0; tier < TIERS; tier++) {
            if (!report_has_tier(report, tier))
                continue;
            const struct label labels[] = {
                {"protocol", at->name}, {"category", at->category}, {"tier", tier_name(tier)}, {0}};
            const size_t at_tier = tier * sizeof at->cell.by_tier[0];
            put_sample(out, name, labels, cell_number(&at->cell, offset + at_tier));
        }
    }
}

static void put_steps(FILE *out, const struct report *report)
{
    static const char name[] = "glassbox_protocol_verdict_after_packets_flows_total";
    put_family(
        out, name, "counter",
        "Ended flows by how many packets their verdict took: 1, 2, up to 4, 8, 16, 32, more.");
    for (unsigned row = 0; row < report->row_count; row++) {
        const struct report_row *at = &report->rows[row];
        for (unsigned step = 0; step < VERDICT_STEPS; step++) {
            const struct label labels[] = {{"protocol", at->name},
                                           {"category", at->category},
                                           {"packets", report_step_names[step]},
                                           {0}};
            put_sample(out, name, labels, at->cell.packets_before_verdict[step]);
        }
    }
}

static uint64_t pick(const struct tally_count *count, bool wants_bytes)
{
    return wants_bytes ? count->bytes : count->frames;
}

static void put_non_ip(FILE *out, const struct report *report, const char *name, const char *help,
                       bool wants_bytes)
{
    if (report->non_ip_count == 0)
        return;
    put_family(out, name, "counter", help);
    for (unsigned i = 0; i < report->non_ip_count; i++) {
        const struct label labels[] = {{"protocol", report->non_ip[i].name}, {0}};
        put_sample(out, name, labels, pick(&report->non_ip[i].count, wants_bytes));
    }
}

static void put_malformed(FILE *out, const struct tally *tally, const char *name, const char *help,
                          bool wants_bytes)
{
    put_family(out, name, "counter", help);
    for (unsigned reason = PACKET_MALFORMED_FIRST; reason < PACKET_OUTCOMES; reason++) {
        const struct label labels[] = {{"reason", packet_outcome_name(reason)}, {0}};
        put_sample(out, name, labels, pick(&tally->malformed[reason], wants_bytes));
    }
}

static void put_seen(FILE *out, const struct report *report)
{
    const struct tally *tally = report->tally;
    put_counter(out, "glassbox_seen_frames_total", "Frames seen.", tally->seen.frames);
    put_counter(out, "glassbox_seen_bytes_total", "Wire bytes of the frames seen, without FCS.",
                tally->seen.bytes);
    put_non_ip(out, report, "glassbox_non_ip_frames_total", "Frames that are not IP.", false);
    put_non_ip(out, report, "glassbox_non_ip_bytes_total", "Bytes of frames that are not IP.",
               true);
    put_malformed(out, tally, "glassbox_malformed_frames_total",
                  "Frames whose headers could not be read.", false);
    put_malformed(out, tally, "glassbox_malformed_bytes_total",
                  "Bytes of frames whose headers could not be read.", true);
    put_counter(out, "glassbox_orphan_fragment_frames_total",
                "Later IP fragments whose first was not seen.", tally->orphan_fragments.frames);
    put_counter(out, "glassbox_orphan_fragment_bytes_total",
                "Bytes of later IP fragments whose first was not seen.",
                tally->orphan_fragments.bytes);
    put_counter(out, "glassbox_shed_frames_total",
                "Frames not looked at because the workers were behind.", tally->shed.frames);
    put_counter(out, "glassbox_shed_bytes_total",
                "Bytes of frames not looked at because the workers were behind.",
                tally->shed.bytes);
}

/* Over a run of merged intervals each one's carried_over cancels the unreported before it, and what
 * is left is what is open now. */
static void put_unreported(FILE *out, const struct tally *tally)
{
    put_gauge(out, "glassbox_unreported_frames", "Frames in open flows, not yet in a protocol.",
              (int64_t)(tally->unreported.frames - tally->carried_over.frames));
    put_gauge(out, "glassbox_unreported_bytes", "Bytes in open flows, not yet in a protocol.",
              (int64_t)(tally->unreported.bytes - tally->carried_over.bytes));
}

static void put_dropped(FILE *out, const struct tally_losses *dropped)
{
    static const char name[] = "glassbox_dropped_frames_total";
    put_family(out, name, "counter", "Frames lost before they were seen or not sent on, by where.");
    put_sample(out, name, (const struct label[]){{"stage", "nic"}, {0}}, dropped->nic);
    put_sample(out, name, (const struct label[]){{"stage", "kernel"}, {0}}, dropped->kernel);
    put_sample(out, name, (const struct label[]){{"stage", "source"}, {0}}, dropped->source);
    put_sample(out, name, (const struct label[]){{"stage", "forward"}, {0}}, dropped->forward);
}

static void put_frames(FILE *out, const struct tally *tally)
{
    put_dropped(out, &tally->dropped);
    put_counter(out, "glassbox_truncated_frames_total", "Frames captured shorter than on the wire.",
                tally->truncated);
    put_counter(out, "glassbox_fragment_frames_total", "Frames that are IP fragments.",
                tally->fragments);
    static const char name[] = "glassbox_encapsulated_frames_total";
    put_family(out, name, "counter", "Frames that show an encapsulation.");
    for (unsigned kind = 0; kind < ENCAPSULATIONS; kind++) {
        const struct label labels[] = {{"encapsulation", encapsulation_name(kind)}, {0}};
        put_sample(out, name, labels, tally->encapsulated[kind]);
    }
    put_counter(out, "glassbox_tunnels_not_entered_frames_total",
                "Frames that looked like a tunnel which did not hold one.",
                tally->tunnels_not_entered);
}

static void put_flows(FILE *out, const struct tally_flows *flows)
{
    put_counter(out, "glassbox_flows_ended_total", "Flows that ended.", flows->ended);
    put_counter(out, "glassbox_flows_evicted_total", "Flows ended to make room in a full table.",
                flows->evicted);
    put_counter(out, "glassbox_flows_cut_total", "Flows still open when the input ended.",
                flows->cut);
    put_counter(out, "glassbox_flows_one_way_total",
                "Ended flows with packets in one direction only.", flows->one_way);
    put_family(out, "glassbox_flows_active", "gauge", "Flows open now.");
    put_sample(out, "glassbox_flows_active", NULL, flows->active);
}

static void put_service_family(FILE *out, const struct report *report, const char *name,
                               const char *help, size_t offset)
{
    put_family(out, name, "counter", help);
    for (unsigned i = 0; i < report->service_count; i++) {
        const struct report_service *service = &report->services[i];
        const struct label labels[] = {
            {"service", service->name}, {"category", service->category}, {0}};
        put_sample(out, name, labels, *(const uint64_t *)((const char *)&service->count + offset));
    }
}

static void put_services(FILE *out, const struct report *report)
{
    if (report->service_count == 0)
        return;
    put_service_family(out, report, "glassbox_service_packets_total",
                       "Packets of flows whose name says whom they are for, by service.",
                       offsetof(struct tally_service, packets));
    put_service_family(out, report, "glassbox_service_bytes_total",
                       "Bytes of flows whose name says whom they are for, by service.",
                       offsetof(struct tally_service, bytes));
    put_service_family(out, report, "glassbox_service_flows_total",
                       "Ended flows whose name says whom they are for, by service.",
                       offsetof(struct tally_service, flows));
}

static void put_signatures(FILE *out, const struct report *report)
{
    static const char *const helps[REPORT_SIGNATURE_COUNTS] = {
        "Payloads that rules were tried on, each time their stream grew.",
        "Bytes in payloads that rules were tried on.",
        "Undecided flows that gave their place up to newer ones.",
        "Endpoints that messages named for other flows.",
        "Named endpoints forgotten for want of room.",
        "Flows that began from or to a named endpoint.",
    };
    for (unsigned i = 0; report_has_tier(report, TIER_SIGNATURES) && i < REPORT_SIGNATURE_COUNTS;
         i++) {
        char name[2 * REPORT_TEXT];
        snprintf(name, sizeof name, "glassbox_signature_%s_total", report_signature_names[i]);
        put_counter(out, name, helps[i], report_signature_count(&report->tally->signatures, i));
    }
}

static void put_stochastic(FILE *out, const struct report *report)
{
    static const char *const helps[REPORT_STOCHASTIC_COUNTS] = {
        "Endpoints seen for the first time, or again after they had gone.",
        "Endpoints that gave their place up to others.",
        "Windows of 80 payloads that were filled.",
        "Windows that are like no protocol of the model.",
    };
    const struct kiss_model *model = report->context.kiss_model;
    if (model) {
        const struct label labels[] = {
            {"name", model->name}, {"site", model->site}, {"sha256", model->sha256}, {0}};
        put_family(out, "glassbox_stochastic_model_info", "gauge", "The stochastic tier's model.");
        put_sample(out, "glassbox_stochastic_model_info", labels, 1);
    }
    for (unsigned i = 0; report_has_tier(report, TIER_STOCHASTIC) && i < REPORT_STOCHASTIC_COUNTS;
         i++) {
        char name[2 * REPORT_TEXT];
        snprintf(name, sizeof name, "glassbox_stochastic_%s_total", report_stochastic_names[i]);
        put_counter(out, name, helps[i], report_stochastic_count(&report->tally->stochastic, i));
    }
}

static void put_agreement(FILE *out, const char *name, unsigned weaker, unsigned stronger,
                          const uint64_t same_and_different[2])
{
    static const char *const results[] = {"same", "different"};
    for (unsigned i = 0; i < 2; i++) {
        const struct label labels[] = {{"tier", tier_name(weaker)},
                                       {"stronger_tier", tier_name(stronger)},
                                       {"verdict", results[i]},
                                       {0}};
        put_sample(out, name, labels, same_and_different[i]);
    }
}

static void put_agreements(FILE *out, const struct report *report, const char *name,
                           const char *help, bool wants_bytes)
{
    if ((report->context.tiers & (report->context.tiers - 1)) == 0)
        return; /* fewer than two tiers: no pair, and a family without samples helps nobody */
    put_family(out, name, "counter", help);
    for (unsigned weaker = 0; weaker < TIERS; weaker++) {
        for (unsigned stronger = weaker + 1; stronger < TIERS; stronger++) {
            if (!report_has_tier(report, weaker) || !report_has_tier(report, stronger))
                continue;
            const struct tally_agreement *at = &report->tally->agreement[weaker][stronger];
            const uint64_t flows[] = {at->same_flows, at->different_flows};
            const uint64_t bytes[] = {at->same_bytes, at->different_bytes};
            put_agreement(out, name, weaker, stronger, wants_bytes ? bytes : flows);
        }
    }
}

static void put_fit(FILE *out, const struct report_headers *headers)
{
    put_family(out, "glassbox_model_info", "gauge", "The headers tier's model.");
    const struct label model[] = {{"name", headers->model->name},
                                  {"site", headers->model->site},
                                  {"sha256", headers->model->sha256},
                                  {0}};
    put_sample(out, "glassbox_model_info", model, 1);
    put_family(out, "glassbox_model_fit", "gauge", "1 for the word that says how the model fits.");
    for (unsigned verdict = 0; verdict < MODEL_FIT_VERDICTS; verdict++) {
        const struct label labels[] = {{"verdict", model_fit_name(verdict)}, {0}};
        put_sample(out, "glassbox_model_fit", labels, verdict == headers->fit.verdict);
    }
    put_gauge(out, "glassbox_model_fit_distance_per_mille",
              "Flows whose scores would have to lie elsewhere.", headers->fit.distance);
    put_gauge(out, "glassbox_model_fit_margin_per_mille", "What chance explains of the distance.",
              headers->fit.margin);
}

/* Labels of a share, and an empty place for one more. */
struct share_labels {
    struct label label[4];
};

static struct share_labels labels_of(const struct report_share *share)
{
    return (struct share_labels){{{"protocol", share->name}, {"category", share->category}}};
}

static void put_corrected(FILE *out, const char *family, const struct share_labels *of,
                          const uint64_t values[3])
{
    static const char *const bounds[] = {"estimate", "low", "high"};
    struct share_labels labels = *of;
    for (unsigned k = 0; k < 3; k++) {
        labels.label[2] = (struct label){"bound", bounds[k]};
        put_sample(out, family, labels.label, values[k]);
    }
}

static void put_shares(FILE *out, const struct report_headers *headers)
{
    put_family(out, "glassbox_headers_flows_total", "counter",
               "Ended flows by the headers tier's verdict, whatever tier won.");
    for (unsigned i = 0; i < headers->share_count; i++)
        put_sample(out, "glassbox_headers_flows_total", labels_of(&headers->shares[i]).label,
                   headers->shares[i].flows);
    put_family(out, "glassbox_headers_bytes_total", "counter", "Bytes of these flows.");
    for (unsigned i = 0; i < headers->share_count; i++)
        put_sample(out, "glassbox_headers_bytes_total", labels_of(&headers->shares[i]).label,
                   headers->shares[i].bytes);
    put_family(out, "glassbox_headers_corrected_flows", "gauge",
               "The same corrected for the model's errors, with a 95 % interval.");
    for (unsigned i = 0; i < headers->share_count; i++) {
        const struct report_share *share = &headers->shares[i];
        const struct share_labels labels = labels_of(share);
        put_corrected(out, "glassbox_headers_corrected_flows", &labels,
                      (const uint64_t[]){share->corrected, share->low, share->high});
    }
    put_family(out, "glassbox_headers_corrected_bytes", "gauge", "Likewise, bytes.");
    for (unsigned i = 0; i < headers->share_count; i++) {
        const struct report_share *share = &headers->shares[i];
        const struct share_labels labels = labels_of(share);
        put_corrected(
            out, "glassbox_headers_corrected_bytes", &labels,
            (const uint64_t[]){share->corrected_bytes, share->low_bytes, share->high_bytes});
    }
}

static void put_headers(FILE *out, const struct report_headers *headers)
{
    if (!headers)
        return;
    put_fit(out, headers);
    if (headers->share_count)
        put_shares(out, headers);
}

static void put_about(FILE *out, const struct report *report)
{
    char tiers[2 * REPORT_TEXT] = "";
    size_t used = 0;
    for (unsigned tier = 0; tier < TIERS; tier++) {
        if (report_has_tier(report, tier))
            used += (size_t)snprintf(tiers + used, sizeof tiers - used, "%s%s", used ? "," : "",
                                     tier_name(tier));
    }
    static const char name[] = "glassbox_source_info";
    put_family(out, name, "gauge", "Where frames come from, and the tiers in use.");
    const struct label labels[] = {{"kind", report->context.source_kind},
                                   {"link", report->context.link},
                                   {"tiers", tiers},
                                   {0}};
    put_sample(out, name, labels, 1);
    put_gauge(out, "glassbox_conservation_balance_frames",
              "Frames seen but not accounted for; anything but 0 is a defect.",
              report->conservation.balance_frames);
    put_gauge(out, "glassbox_conservation_balance_bytes",
              "Bytes seen but not accounted for; anything but 0 is a defect.",
              report->conservation.balance_bytes);
    put_gauge(out, "glassbox_min_endpoints", "Initiating addresses below which a row is withheld.",
              report->context.min_endpoints);
    put_gauge(out, "glassbox_cells_withheld", "Protocols folded into the row withheld.",
              report->cells_withheld);
    put_gauge(out, "glassbox_services_withheld", "Services folded into the service withheld.",
              report->services_withheld);
}

void report_prometheus_write(const struct report *report, FILE *out)
{
    put_about(out, report);
    put_seen(out, report);
    put_unreported(out, report->tally);
    put_frames(out, report->tally);
    put_flows(out, &report->tally->flows);
    put_protocols(out, report);
    put_by_tier(out, report, "glassbox_verdict_flows_total",
                "Ended flows by the tier that decided; ports alone is a guess.",
                offsetof(struct tally_cell, by_tier[0].flows));
    put_by_tier(out, report, "glassbox_verdict_bytes_total",
                "Bytes by the tier that decided; ports alone is a guess.",
                offsetof(struct tally_cell, by_tier[0].bytes));
    put_steps(out, report);
    put_services(out, report);
    put_stochastic(out, report);
    put_signatures(out, report);
    put_agreements(out, report, "glassbox_agreement_flows_total",
                   "Flows with a verdict from both tiers, by whether the verdicts are the same.",
                   false);
    put_agreements(out, report, "glassbox_agreement_bytes_total",
                   "Bytes of flows with a verdict from both tiers, by whether they are the same.",
                   true);
    put_headers(out, report->headers);
}
