/* SPDX-License-Identifier: BSD-3-Clause */
/* read_pcap FILE: reads a capture with libpcap and does nothing with it: the floor for all readers.
 */
#include <pcap/pcap.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    char reason[PCAP_ERRBUF_SIZE];
    unsigned long packets = 0;
    pcap_t *reader = argc == 2 ? pcap_open_offline(argv[1], reason) : NULL;
    if (!reader) {
        fprintf(stderr, "read_pcap: %s\n", argc == 2 ? reason : "usage: read_pcap FILE");
        return 1;
    }
    struct pcap_pkthdr *header;
    const u_char *bytes;
    while (pcap_next_ex(reader, &header, &bytes) == 1)
        packets++;
    pcap_close(reader);
    printf("%lu\n", packets);
    return 0;
}
