/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the truth CSV. */
#include "label_csv.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

enum { SECOND_NS = 1000000000 };

static void text_write(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void end_write(FILE *out, uint8_t ip_version, const uint8_t *address, uint16_t port)
{
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(ip_version == 4 ? AF_INET : AF_INET6, address, text, sizeof text);
    fprintf(out, ",%s,%u", text, port);
}

static void total_write(FILE *out, const struct label_total *total)
{
    fprintf(out, ",%" PRIu64 ",%" PRIu64, total->packets, total->ip_bytes);
}

static void time_write(FILE *out, uint64_t time_ns)
{
    fprintf(out, ",%" PRIu64 ".%09" PRIu64, time_ns / SECOND_NS, time_ns % SECOND_NS);
}

static void flow_write(FILE *out, const char *capture, const struct label_flow *flow,
                       uint64_t epoch_ns)
{
    static const char *const ends[] = {"", [LABEL_END_A] = "a", [LABEL_END_B] = "b",
                                       [LABEL_END_A | LABEL_END_B] = "ab"};
    size_t protocol_length = strcspn(flow->label, "/");
    const char *service = flow->label + protocol_length;
    text_write(out, capture);
    fprintf(out, ",%s", flow->transport == IPPROTO_TCP ? "tcp" : "udp");
    end_write(out, flow->ip_version, flow->a_address, flow->a_port);
    end_write(out, flow->ip_version, flow->b_address, flow->b_port);
    fprintf(out, ",%.*s,%s", (int)protocol_length, flow->label, service + (*service == '/'));
    time_write(out, flow->first_ns + epoch_ns);
    time_write(out, flow->last_ns + epoch_ns);
    fprintf(out, ",%s", ends[flow->ends]);
    total_write(out, &flow->a_to_b);
    total_write(out, &flow->b_to_a);
    total_write(out, &flow->a_to_b_arrived);
    total_write(out, &flow->b_to_a_arrived);
    fputc('\n', out);
}

void label_csv_write(FILE *out, const char *capture, const struct label_flow *flows, size_t count,
                     uint64_t epoch_ns)
{
    fputs("capture,l4,a_ip,a_port,b_ip,b_port,protocol,service,first,last,ends,"
          "packets_ab,ip_bytes_ab,packets_ba,ip_bytes_ba,"
          "arrived_packets_ab,arrived_ip_bytes_ab,arrived_packets_ba,arrived_ip_bytes_ba\n",
          out);
    for (size_t i = 0; i < count; i++)
        flow_write(out, capture, &flows[i], epoch_ns);
}
