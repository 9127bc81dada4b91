/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry of protocols and the built-in table: what is in it, who owns which number, what is
 * refused. */
#include "classifier/protocol.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct protocols *built_in(void)
{
    struct protocols *protocols = NULL;
    struct error error = {0};
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, &error), 0);
    CU_ASSERT_EQUAL(error.code, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(protocols);
    return protocols;
}

/* What the project promised to name; removing one breaks rules, models and truth. */
static const char promised[] =
    "bittorrent bittorrent-dht utp edonkey kad gnutella direct-connect soulseek ares "
    "fasttrack opennap bitcoin ethereum i2p tor freenet nntp irc dcc xmpp msn ymsg oscar "
    "telegram whatsapp signal skype-teams viber discord zoom tox matrix sip rtp rtcp srtp "
    "stun turn h323 mgcp skinny iax2 mumble teamspeak rtsp rtmp icecast srt hls dash spotify "
    "http http2 websocket tls quic dtls smtp pop3 imap ftp ftp-data tftp smb nfs rpc afp "
    "rsync git svn ssh telnet rdp vnc x11 anydesk teamviewer spice openvpn wireguard "
    "ipsec-ike ipsec-esp l2tp pptp sstp tinc zerotier tailscale anyconnect socks shadowsocks "
    "http-proxy dns mdns llmnr dot doh dnscrypt dhcp dhcpv6 ntp ptp snmp syslog radius "
    "diameter tacacs kerberos ldap bgp rip bfd hsrp vrrp ldp netbios ssdp ws-discovery "
    "nat-pmp pcp lisp gtp-c sflow netflow ipfix mysql postgresql mssql oracle redis mongodb "
    "cassandra memcached elasticsearch kafka amqp mqtt nats coap modbus dnp3 s7comm bacnet "
    "opc-ua iec104 ethernet-ip quake3 source-engine minecraft raknet steam world-of-warcraft "
    "battle-net league-of-legends openarena minetest teeworlds vmess trojan obfs4";

static void promised_names_are_found(void)
{
    struct protocols *protocols = built_in();
    unsigned count = 0;
    for (const char *at = promised; *at; count++) {
        char name[PROTOCOL_NAME_MAX + 1] = "";
        size_t length = strcspn(at, " ");
        CU_ASSERT_FATAL(length < sizeof name);
        memcpy(name, at, length);
        int id = protocols_find(protocols, name);
        if (id <= 0)
            printf("\nnot in the table: %s", name);
        CU_ASSERT(id > 0);
        at += length + (at[length] == ' ');
    }
    CU_ASSERT_EQUAL(count, 160);
    CU_ASSERT(protocols_count(protocols) >= 173);
    protocols_free(protocols);
}

static void unknown_comes_first(void)
{
    struct protocols *protocols = built_in();
    CU_ASSERT_EQUAL(protocols_find(protocols, "unknown"), PROTOCOL_UNKNOWN);
    const struct protocol *row = protocols_get(protocols, PROTOCOL_UNKNOWN);
    CU_ASSERT_EQUAL(row->category, CATEGORY_UNKNOWN);
    CU_ASSERT_STRING_EQUAL(row->numbers, "");
    protocols_free(protocols);
}

static bool is_well_formed(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= PROTOCOL_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length && name[0] != '-' &&
           name[length - 1] != '-' && !strstr(name, "--");
}

static void rows_are_complete(void)
{
    struct protocols *protocols = built_in();
    for (unsigned id = 1; id < protocols_count(protocols); id++) {
        const struct protocol *row = protocols_get(protocols, id);
        bool is_complete = is_well_formed(row->name) && row->category > CATEGORY_UNKNOWN &&
                           row->category < CATEGORIES && row->description[0] &&
                           strlen(row->description) <= 80 && row->specification[0];
        if (!is_complete)
            printf("\nincomplete: row %u, %s", id, row->name);
        CU_ASSERT(is_complete);
    }
    protocols_free(protocols);
}

static void find_is_inverse_of_get(void)
{
    struct protocols *protocols = built_in();
    for (unsigned id = 0; id < protocols_count(protocols); id++)
        CU_ASSERT_EQUAL(protocols_find(protocols, protocols_get(protocols, id)->name), (int)id);
    static const char *const absent[] = {"", "bit", "bittorrentx", "BitTorrent",
                                         "no-such-protocol"};
    for (size_t i = 0; i < COUNT(absent); i++)
        CU_ASSERT_EQUAL(protocols_find(protocols, absent[i]), -1);
    protocols_free(protocols);
}

/* Reads the text of numbers on its own, by other means than the registry does. Returns how many
 * numbers of the row another row owns. */
static unsigned numbers_lost(const struct protocols *protocols, unsigned id)
{
    unsigned lost = 0;
    unsigned space = NUMBER_SPACES;
    for (const char *at = protocols_get(protocols, id)->numbers; *at; at += *at != '\0') {
        size_t length = strcspn(at, "/, ");
        if (at[length] == '/') {
            for (space = 0; strncmp(number_space_name(space), at, length) != 0;)
                space++;
            at += length + 1;
        }
        char *end = NULL;
        unsigned long first = strtoul(at, &end, 0);
        unsigned long last = *end == '-' ? strtoul(end + 1, &end, 0) : first;
        for (unsigned long number = first; number <= last; number++)
            lost += protocols_by_number(protocols, space, (uint32_t)number) != id;
        at = end;
    }
    return lost;
}

static void nobody_claims_anothers_number(void)
{
    struct protocols *protocols = built_in();
    unsigned catch_all = protocols_count(protocols) - 1;
    CU_ASSERT_EQUAL(protocols_find(protocols, "other-link"), (int)catch_all);
    for (unsigned id = 0; id < catch_all; id++) {
        unsigned lost = numbers_lost(protocols, id);
        if (lost)
            printf("\n%s claims %u numbers of others", protocols_get(protocols, id)->name, lost);
        CU_ASSERT_EQUAL(lost, 0);
    }
    CU_ASSERT(numbers_lost(protocols, catch_all) > 0);
    protocols_free(protocols);
}

static void every_link_type_has_a_name(void)
{
    struct protocols *protocols = built_in();
    unsigned nameless = 0;
    for (uint32_t link = 0x10000; link <= 0x1ffff; link++)
        nameless += protocols_by_number(protocols, NUMBERS_LINK, link) == PROTOCOL_UNKNOWN;
    CU_ASSERT_EQUAL(nameless, 0);
    protocols_free(protocols);
}

/* The ports tier looks at the lower port first, so a row in the range that systems draw client
 * ports from would name other protocols' flows. Single documented defaults are all that is let in.
 */
static void ephemeral_ports_stay_free(void)
{
    struct protocols *protocols = built_in();
    for (unsigned space = NUMBERS_TCP; space <= NUMBERS_UDP; space++) {
        unsigned owned = 0;
        for (uint32_t port = 49152; port <= 65535; port++)
            owned += protocols_by_number(protocols, space, port) != PROTOCOL_UNKNOWN;
        CU_ASSERT(owned <= 12);
    }
    protocols_free(protocols);
}

struct ownership {
    enum number_space space;
    uint32_t number;
    const char *owner;
};

static const struct ownership well_known[] = {
    {NUMBERS_TCP, 20, "ftp-data"},
    {NUMBERS_TCP, 21, "ftp"},
    {NUMBERS_TCP, 22, "ssh"},
    {NUMBERS_TCP, 23, "telnet"},
    {NUMBERS_TCP, 25, "smtp"},
    {NUMBERS_UDP, 53, "dns"},
    {NUMBERS_TCP, 53, "dns"},
    {NUMBERS_UDP, 67, "dhcp"},
    {NUMBERS_UDP, 69, "tftp"},
    {NUMBERS_TCP, 80, "http"},
    {NUMBERS_TCP, 88, "kerberos"},
    {NUMBERS_TCP, 110, "pop3"},
    {NUMBERS_TCP, 111, "rpc"},
    {NUMBERS_TCP, 119, "nntp"},
    {NUMBERS_UDP, 123, "ntp"},
    {NUMBERS_UDP, 137, "netbios"},
    {NUMBERS_TCP, 139, "netbios"},
    {NUMBERS_TCP, 143, "imap"},
    {NUMBERS_UDP, 161, "snmp"},
    {NUMBERS_TCP, 179, "bgp"},
    {NUMBERS_TCP, 389, "ldap"},
    {NUMBERS_TCP, 443, "tls"},
    {NUMBERS_UDP, 443, "quic"},
    {NUMBERS_TCP, 445, "smb"},
    {NUMBERS_UDP, 500, "ipsec-ike"},
    {NUMBERS_UDP, 514, "syslog"},
    {NUMBERS_UDP, 520, "rip"},
    {NUMBERS_UDP, 547, "dhcpv6"},
    {NUMBERS_TCP, 554, "rtsp"},
    {NUMBERS_TCP, 587, "smtp"},
    {NUMBERS_TCP, 636, "ldap"},
    {NUMBERS_TCP, 853, "dot"},
    {NUMBERS_TCP, 873, "rsync"},
    {NUMBERS_TCP, 993, "imap"},
    {NUMBERS_TCP, 995, "pop3"},
    {NUMBERS_TCP, 1080, "socks"},
    {NUMBERS_UDP, 1194, "openvpn"},
    {NUMBERS_TCP, 1433, "mssql"},
    {NUMBERS_TCP, 1521, "oracle"},
    {NUMBERS_UDP, 1701, "l2tp"},
    {NUMBERS_TCP, 1723, "pptp"},
    {NUMBERS_UDP, 1812, "radius"},
    {NUMBERS_TCP, 1883, "mqtt"},
    {NUMBERS_UDP, 1900, "ssdp"},
    {NUMBERS_TCP, 1935, "rtmp"},
    {NUMBERS_UDP, 2049, "nfs"},
    {NUMBERS_UDP, 2123, "gtp-c"},
    {NUMBERS_UDP, 2152, "gtp-u"},
    {NUMBERS_TCP, 3128, "http-proxy"},
    {NUMBERS_TCP, 3306, "mysql"},
    {NUMBERS_TCP, 3389, "rdp"},
    {NUMBERS_UDP, 3478, "stun"},
    {NUMBERS_UDP, 4500, "ipsec-esp"},
    {NUMBERS_UDP, 4569, "iax2"},
    {NUMBERS_UDP, 5060, "sip"},
    {NUMBERS_TCP, 5222, "xmpp"},
    {NUMBERS_UDP, 5353, "mdns"},
    {NUMBERS_UDP, 5355, "llmnr"},
    {NUMBERS_TCP, 5432, "postgresql"},
    {NUMBERS_UDP, 5683, "coap"},
    {NUMBERS_TCP, 5900, "vnc"},
    {NUMBERS_TCP, 6379, "redis"},
    {NUMBERS_TCP, 6667, "irc"},
    {NUMBERS_TCP, 6881, "bittorrent"},
    {NUMBERS_TCP, 6889, "bittorrent"},
    {NUMBERS_UDP, 6881, "bittorrent-dht"},
    {NUMBERS_TCP, 8080, "http"},
    {NUMBERS_TCP, 9418, "git"},
    {NUMBERS_TCP, 27017, "mongodb"},
    {NUMBERS_UDP, 47808, "bacnet"},
    {NUMBERS_UDP, 51820, "wireguard"},
    {NUMBERS_SCTP, 3868, "diameter"},
    {NUMBERS_SCTP, 38412, "ngap"},
    {NUMBERS_IP, 1, "icmp"},
    {NUMBERS_IP, 2, "igmp"},
    {NUMBERS_IP, 47, "gre"},
    {NUMBERS_IP, 50, "ipsec-esp"},
    {NUMBERS_IP, 51, "ipsec-ah"},
    {NUMBERS_IP, 58, "icmpv6"},
    {NUMBERS_IP, 88, "eigrp"},
    {NUMBERS_IP, 89, "ospf"},
    {NUMBERS_IP, 103, "pim"},
    {NUMBERS_IP, 112, "vrrp"},
    {NUMBERS_IP, 132, "sctp"},
    {NUMBERS_LINK, 0x0806, "arp"},
    {NUMBERS_LINK, 0x88cc, "lldp"},
    {NUMBERS_LINK, 0x42, "stp"},
    {NUMBERS_LINK, 0xfe, "isis"},
    {NUMBERS_LINK, 0x2000, "cdp"},
    {NUMBERS_LINK, 0x888e, "eapol"},
    {NUMBERS_LINK, 0x8892, "profinet"},
    {NUMBERS_LINK, 0x88f7, "ptp"},
    {NUMBERS_LINK, 0x0281, "mpls"},
    {NUMBERS_LINK, 0xc021, "ppp-lcp"},
    {NUMBERS_LINK, 0x10000 + 189, "usb"},
    {NUMBERS_LINK, 0x10000 + 239, "nflog"},
    {NUMBERS_LINK, 0x20000, "wifi-management"},
    {NUMBERS_LINK, 0x20003, "wifi-no-data"},
    {NUMBERS_LINK, 0x10000 + 149, "other-link"},
    {NUMBERS_LINK, 0x1ffff, "other-link"},
};

static const struct ownership nobodys[] = {
    {NUMBERS_TCP, 0, "unknown"},
    {NUMBERS_UDP, 0, "unknown"},
    {NUMBERS_SCTP, 0, "unknown"},
    {NUMBERS_TCP, 65535, "unknown"},
    {NUMBERS_UDP, 60000, "unknown"},
    {NUMBERS_TCP, 65536, "unknown"},
    {NUMBERS_UDP, 4294967295u, "unknown"},
    {NUMBERS_IP, 6, "unknown"},
    {NUMBERS_IP, 17, "unknown"},
    {NUMBERS_IP, 256, "unknown"},
    {NUMBERS_IP, 255, "unknown"},
    {NUMBERS_LINK, 0x0800, "unknown"},
    {NUMBERS_LINK, 0x86dd, "unknown"},
    {NUMBERS_LINK, 0x8100, "unknown"},
    {NUMBERS_LINK, 0x06, "unknown"},
    {NUMBERS_LINK, 0xaa, "unknown"},
    {NUMBERS_LINK, 0x21, "unknown"},
    {NUMBERS_LINK, 0x57, "unknown"},
    {NUMBERS_LINK, 0x20004, "unknown"},
    {NUMBERS_LINK, 0x30000, "unknown"},
    {NUMBERS_LINK, 0xffffffffu, "unknown"},
};

static void check_owners(const struct ownership *expected, size_t count)
{
    struct protocols *protocols = built_in();
    for (size_t i = 0; i < count; i++) {
        unsigned id = protocols_by_number(protocols, expected[i].space, expected[i].number);
        const char *owner = protocols_get(protocols, id)->name;
        if (strcmp(owner, expected[i].owner) != 0)
            printf("\n%s/%u is %s, not %s", number_space_name(expected[i].space),
                   expected[i].number, owner, expected[i].owner);
        CU_ASSERT_STRING_EQUAL(owner, expected[i].owner);
    }
    protocols_free(protocols);
}

static void well_known_numbers_have_their_owner(void)
{
    check_owners(well_known, COUNT(well_known));
}

/* What the parser enters, what is reserved, and what is beyond its space. */
static void other_numbers_have_none(void)
{
    check_owners(nobodys, COUNT(nobodys));
}

static void categories_have_names(void)
{
    for (int i = 0; i < CATEGORIES; i++)
        CU_ASSERT_EQUAL(category_find(category_name((enum category)i)), i);
    CU_ASSERT_STRING_EQUAL(category_name(CATEGORY_FILE_TRANSFER), "file-transfer");
    CU_ASSERT_EQUAL(category_find("nonsense"), -1);
    CU_ASSERT_EQUAL(category_find(""), -1);
}

static void number_spaces_have_names(void)
{
    static const char *const expected[NUMBER_SPACES] = {"tcp", "udp", "sctp", "ip", "link"};
    for (unsigned space = 0; space < NUMBER_SPACES; space++)
        CU_ASSERT_STRING_EQUAL(number_space_name(space), expected[space]);
}

static struct protocol row_of(const char *name, const char *numbers)
{
    return (struct protocol){.name = name,
                             .category = CATEGORY_P2P,
                             .numbers = numbers,
                             .description = "d",
                             .specification = "s"};
}

static void add_copies_its_strings(void)
{
    struct protocols *protocols = built_in();
    char name[] = "house-protocol", numbers[] = "tcp/65000", text[] = "text";
    struct protocol row = row_of(name, numbers);
    row.description = row.specification = text;
    unsigned count = protocols_count(protocols);
    CU_ASSERT_EQUAL_FATAL(protocols_add(protocols, &row, NULL), (int)count);
    memset(name, 'x', sizeof name - 1);
    memset(numbers, 'x', sizeof numbers - 1);
    memset(text, 'x', sizeof text - 1);
    const struct protocol *added = protocols_get(protocols, count);
    CU_ASSERT_STRING_EQUAL(added->name, "house-protocol");
    CU_ASSERT_STRING_EQUAL(added->numbers, "tcp/65000");
    CU_ASSERT_STRING_EQUAL(added->description, "text");
    CU_ASSERT_STRING_EQUAL(added->specification, "text");
    CU_ASSERT_EQUAL(added->category, CATEGORY_P2P);
    CU_ASSERT_EQUAL(protocols_count(protocols), count + 1);
    CU_ASSERT_EQUAL(protocols_find(protocols, "house-protocol"), (int)count);
    CU_ASSERT_EQUAL(protocols_by_number(protocols, NUMBERS_TCP, 65000), count);
    protocols_free(protocols);
}

static void add_takes_null_for_empty(void)
{
    struct protocols *protocols = built_in();
    int id = protocols_add(protocols, &(struct protocol){.name = "bare"}, NULL);
    CU_ASSERT_FATAL(id > 0);
    CU_ASSERT_STRING_EQUAL(protocols_get(protocols, (unsigned)id)->numbers, "");
    CU_ASSERT_STRING_EQUAL(protocols_get(protocols, (unsigned)id)->description, "");
    CU_ASSERT_STRING_EQUAL(protocols_get(protocols, (unsigned)id)->specification, "");
    CU_ASSERT_EQUAL(protocols_add(protocols, &(struct protocol){.name = NULL}, NULL), -EINVAL);
    protocols_free(protocols);
}

static void an_owner_keeps_its_number(void)
{
    struct protocols *protocols = built_in();
    struct protocol row = row_of("late", "tcp/79-81,65001 udp/65001");
    int id = protocols_add(protocols, &row, NULL);
    CU_ASSERT_FATAL(id > 0);
    int http = protocols_find(protocols, "http");
    CU_ASSERT_EQUAL(protocols_by_number(protocols, NUMBERS_TCP, 80), http);
    CU_ASSERT_EQUAL(protocols_by_number(protocols, NUMBERS_TCP, 81), id);
    CU_ASSERT_EQUAL(protocols_by_number(protocols, NUMBERS_TCP, 65001), id);
    CU_ASSERT_EQUAL(protocols_by_number(protocols, NUMBERS_UDP, 65001), id);
    CU_ASSERT_EQUAL(protocols_by_number(protocols, NUMBERS_SCTP, 65001), PROTOCOL_UNKNOWN);
    protocols_free(protocols);
}

static void add_reads_every_form_of_numbers(void)
{
    static const char *const good[] = {
        "",
        "tcp/1",
        "tcp/65535",
        "tcp/1-65535",
        "udp/7-7",
        "ip/0",
        "ip/0-255",
        "sctp/3868",
        "link/0",
        "link/0x2ffff",
        "link/0x88CC,0x88cc",
        "tcp/0x50",
        "tcp/1,2,4-6 udp/9 tcp/3",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        struct protocols *protocols = built_in();
        struct protocol row = row_of("good", good[i]);
        int id = protocols_add(protocols, &row, NULL);
        if (id < 0)
            printf("\nrefused: \"%s\"", good[i]);
        CU_ASSERT(id > 0);
        protocols_free(protocols);
    }
}

/* Refused, with the reason given and nothing changed. */
static void check_refused(const struct protocol *row, int code)
{
    struct protocols *protocols = built_in();
    unsigned count = protocols_count(protocols);
    struct error error = {.line = 7};
    int outcome = protocols_add(protocols, row, &error);
    if (outcome != -code)
        printf("\n%s \"%s\": %d, not %d", row->name, row->numbers, outcome, -code);
    CU_ASSERT_EQUAL(outcome, -code);
    CU_ASSERT_EQUAL(error.code, code);
    CU_ASSERT_EQUAL(error.line, 7);
    CU_ASSERT(strlen(error.text) > 10 && strlen(error.text) < sizeof error.text - 1);
    CU_ASSERT_PTR_NULL(strchr(error.text, '\n'));
    CU_ASSERT_EQUAL(protocols_count(protocols), count);
    CU_ASSERT_EQUAL(protocols_by_number(protocols, NUMBERS_TCP, 65002), PROTOCOL_UNKNOWN);
    CU_ASSERT_EQUAL(protocols_add(protocols, row, NULL), -code);
    protocols_free(protocols);
}

static void add_refuses_bad_numbers(void)
{
    static const char *const bad[] = {
        "tcp/70000",
        "tcp/65536",
        "tcp/9-3",
        "tpc/80",
        "tcp/80x",
        "tcp/",
        "tcp",
        "80",
        "/80",
        " ",
        " tcp/80",
        "tcp/80 ",
        "tcp/80  udp/80",
        "tcp/80,",
        "tcp/,80",
        "tcp/80,,81",
        "tcp/80-",
        "tcp/-80",
        "tcp/80-90-95",
        "tcp/+80",
        "tcp/ 80",
        "tcp/080",
        "tcp/0",
        "tcp/0-5",
        "tcp/00",
        "udp/0",
        "sctp/0",
        "ip/256",
        "ip/300",
        "link/0x30000",
        "link/0x",
        "link/0xg",
        "link/88cc",
        "tcp/4294967376",
        "tcp/99999999999999999999",
        "TCP/80",
        "tcp/80;81",
        "tcp/80\tudp/80",
        "tcp/80\n",
        "tcp/65002 tcp/x",
        "tcp/0X50",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct protocol row = row_of("bad", bad[i]);
        check_refused(&row, EINVAL);
    }
}

static void an_error_says_where(void)
{
    struct protocols *protocols = built_in();
    struct protocol row = row_of("bad", "tcp/80 udp/70000");
    struct error error = {0};
    CU_ASSERT_EQUAL(protocols_add(protocols, &row, &error), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "protocol bad"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "character 12"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "out of range"));
    protocols_free(protocols);
}

static void add_refuses_bad_names(void)
{
    static const char *const bad[] = {
        "",
        "-",
        "-a",
        "a-",
        "a--b",
        "Upper",
        "under_score",
        "two words",
        "dot.ted",
        "a\n",
        "\xc3\xa9t\xc3\xa9",
        "a2345678901234567890123456789012",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct protocol row = row_of(bad[i], "tcp/65002");
        check_refused(&row, EINVAL);
    }
    struct protocols *protocols = built_in();
    struct protocol row = row_of("a234567890123456789012345678901", "");
    CU_ASSERT(protocols_add(protocols, &row, NULL) > 0);
    protocols_free(protocols);
}

static void add_refuses_the_rest(void)
{
    struct protocol row = row_of("bittorrent", "tcp/65002");
    check_refused(&row, EEXIST);
    row = row_of("unknown", "tcp/65002");
    check_refused(&row, EEXIST);
    row = row_of("odd", "tcp/65002");
    row.category = CATEGORIES;
    check_refused(&row, EINVAL);
    row = row_of("odd", "tcp/65002");
    row.description = "two\nlines";
    check_refused(&row, EINVAL);
    row = row_of("odd", "tcp/65002");
    row.specification = "\033[31mred";
    check_refused(&row, EINVAL);
}

static void add_works_up_to_the_limit(void)
{
    struct protocols *protocols = built_in();
    unsigned first = protocols_count(protocols);
    char name[32];
    for (unsigned id = first; id < PROTOCOLS_MAX; id++) {
        snprintf(name, sizeof name, "added-%u", id);
        struct protocol row = row_of(name, id == PROTOCOLS_MAX - 1 ? "udp/65003" : "");
        CU_ASSERT_EQUAL_FATAL(protocols_add(protocols, &row, NULL), (int)id);
    }
    CU_ASSERT_EQUAL(protocols_count(protocols), PROTOCOLS_MAX);
    CU_ASSERT_EQUAL(protocols_by_number(protocols, NUMBERS_UDP, 65003), PROTOCOLS_MAX - 1);
    struct protocol row = row_of("one-too-many", "");
    struct error error = {0};
    CU_ASSERT_EQUAL(protocols_add(protocols, &row, &error), -ENOSPC);
    CU_ASSERT_EQUAL(error.code, ENOSPC);
    CU_ASSERT_EQUAL(protocols_find(protocols, "one-too-many"), -1);
    for (unsigned id = 0; id < PROTOCOLS_MAX; id++)
        CU_ASSERT_EQUAL(protocols_find(protocols, protocols_get(protocols, id)->name), (int)id);
    protocols_free(protocols);
}

static void freeing_null_is_fine(void)
{
    protocols_free(NULL);
    CU_PASS("returned");
}

static int add(struct protocols *protocols, const char *name, const char *numbers)
{
    const struct protocol row = {.name = name, .category = CATEGORY_P2P, .numbers = numbers};
    return protocols_add(protocols, &row, NULL);
}

static void keeps_ids_from_table_to_table(void)
{
    struct protocols *before;
    struct protocols *after;
    CU_ASSERT_EQUAL_FATAL(protocols_new(&before, NULL), 0);
    int first = add(before, "made-first", "tcp/48001");
    int second = add(before, "made-second", "tcp/48002");
    CU_ASSERT_EQUAL_FATAL(protocols_new_after(&after, before, NULL), 0);
    protocols_free(before);
    CU_ASSERT_EQUAL(protocols_count(after), (unsigned)second + 1);
    CU_ASSERT_STRING_EQUAL(protocols_get(after, (unsigned)first)->name, "made-first");
    CU_ASSERT_EQUAL(protocols_get(after, (unsigned)first)->category, CATEGORY_P2P);
    CU_ASSERT_EQUAL(protocols_find(after, "made-second"), -1);
    CU_ASSERT_EQUAL(protocols_by_number(after, NUMBERS_TCP, 48002), PROTOCOL_UNKNOWN);
    CU_ASSERT_EQUAL(add(after, "made-third", ""), second + 1);
    CU_ASSERT_EQUAL(add(after, "made-second", "tcp/48003"), second);
    CU_ASSERT_EQUAL(add(after, "made-second", ""), -EEXIST);
    CU_ASSERT_EQUAL(protocols_find(after, "made-second"), second);
    CU_ASSERT_EQUAL(protocols_by_number(after, NUMBERS_TCP, 48003), second);
    CU_ASSERT_EQUAL(protocols_find(after, "made-first"), -1);
    CU_ASSERT_EQUAL(add(after, "dns", ""), -EEXIST);
    protocols_free(after);
}

CU_TestInfo protocol_tests[] = {
    {"promised names are found", promised_names_are_found},
    {"unknown comes first", unknown_comes_first},
    {"rows are complete", rows_are_complete},
    {"find is the inverse of get", find_is_inverse_of_get},
    {"nobody claims another's number", nobody_claims_anothers_number},
    {"every link type has a name", every_link_type_has_a_name},
    {"ephemeral ports stay free", ephemeral_ports_stay_free},
    {"well-known numbers have their owner", well_known_numbers_have_their_owner},
    {"other numbers have none", other_numbers_have_none},
    {"categories have names", categories_have_names},
    {"number spaces have names", number_spaces_have_names},
    {"add copies its strings", add_copies_its_strings},
    {"add takes null for empty", add_takes_null_for_empty},
    {"an owner keeps its number", an_owner_keeps_its_number},
    {"add reads every form of numbers", add_reads_every_form_of_numbers},
    {"add refuses bad numbers", add_refuses_bad_numbers},
    {"an error says where", an_error_says_where},
    {"add refuses bad names", add_refuses_bad_names},
    {"add refuses the rest", add_refuses_the_rest},
    {"add works up to the limit", add_works_up_to_the_limit},
    {"freeing null is fine", freeing_null_is_fine},
    {"keeps ids from table to table", keeps_ids_from_table_to_table},
    CU_TEST_INFO_NULL,
};
