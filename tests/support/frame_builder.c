/* SPDX-License-Identifier: BSD-3-Clause */
/* The layers' templates, and the fields that tie one to the next. */
#include "frame_builder.h"

#include <assert.h>
#include <string.h>

/* In which number space a header names what follows it. */
enum naming {
    NAMES_NOTHING, /* nothing to write: implied, or fixed in the template */
    NAMES_ETHERTYPE,
    NAMES_IP_PROTOCOL,
    NAMES_PPP,
    NAMES_PPP_SHORT, /* one byte */
    NAMES_PORT,
    NAMES_FAMILY_LITTLE,
    NAMES_FAMILY_BIG,
};

struct shape {
    uint8_t length;
    uint8_t bytes[40]; /* of the template; zeros follow up to `length` */

    /* What the layer is called by the one before it. */
    uint16_t ethertype;
    uint16_t ppp;
    uint16_t port; /* 0: it has none of its own */
    uint8_t ip_protocol;
    uint8_t family;
    bool is_llc; /* an Ethernet type before it is a length */

    /* How it calls the next, at which byte. */
    enum naming names;
    uint8_t name_at;

    /* Its 16-bit length of itself and all it carries, less the bytes it does not count. */
    bool has_length;
    uint8_t length_at;
    uint8_t length_omits;
};

static const struct shape shapes[LAYERS] = {
    [LAYER_ETHERNET] = {14,
                        {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1},
                        .ethertype = 0x6558,
                        .names = NAMES_ETHERTYPE,
                        .name_at = 12},
    [LAYER_COOKED] = {16, {0, 0, 0, 1, 0, 6}, .names = NAMES_ETHERTYPE, .name_at = 14},
    [LAYER_COOKED_2] = {20, {0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6}, .names = NAMES_ETHERTYPE},
    [LAYER_COOKED_LLC] = {16, {0, 0, 0, 1, 0, 6, [15] = 4}},
    [LAYER_FAMILY_LITTLE] = {4, {0}, .names = NAMES_FAMILY_LITTLE},
    [LAYER_FAMILY_BIG] = {4, {0}, .names = NAMES_FAMILY_BIG},
    [LAYER_ENC] = {12, {0, 0, 0, 2}},
    [LAYER_PPP] = {2, {0}, .names = NAMES_PPP},
    [LAYER_PPP_COMPRESSED] = {1, {0}, .names = NAMES_PPP_SHORT},
    [LAYER_PPP_FRAMED] = {4, {0xff, 0x03}, .names = NAMES_PPP, .name_at = 2},
    [LAYER_PPP_DIRECTION] = {1, {1}},
    [LAYER_HDLC] = {4, {0x0f, 0}, .names = NAMES_ETHERTYPE, .name_at = 2},
    [LAYER_TOKEN_RING] = {14, {0x10, 0x40, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}},
    [LAYER_FDDI] = {13, {0x50, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}},
    [LAYER_RADIOTAP] = {8, {0, 0, 8}},
    [LAYER_RADIOTAP_LONG] = {28, {0, 0, 28, 0, 3, 0, 0, 0x80}},
    [LAYER_RADIOTAP_PADDED] = {9, {0, 0, 9, 0, 2, 0, 0, 0, 0x20}},
    [LAYER_PRISM] = {144, {0x44, 0, 0, 0, 144}},
    [LAYER_AVS] = {64, {0x80, 0x21, 0x10, 0x01, 0, 0, 0, 64}},
    [LAYER_WIFI] = {24, {0x08, 0x01}},
    [LAYER_WIFI_QOS] = {26, {0x88, 0x01}},
    [LAYER_WIFI_QOS_PADDED] = {28, {0x88, 0x01}},
    [LAYER_WIFI_QOS_ORDER] = {30, {0x88, 0x81}},
    [LAYER_WIFI_QOS_AGGREGATE] = {40, {0x88, 0x01, [24] = 0x80}},
    [LAYER_WIFI_BRIDGE] = {30, {0x08, 0x03}},
    [LAYER_WIFI_BEACON] = {24, {0x80, 0}},
    [LAYER_WIFI_ACK] = {10, {0xd4, 0}},
    [LAYER_WIFI_NO_DATA] = {24, {0x48, 0x01}},
    [LAYER_WIFI_PROTECTED] = {24, {0x08, 0x41}},

    [LAYER_VLAN] = {4, {0, 100}, .ethertype = 0x8100, .names = NAMES_ETHERTYPE, .name_at = 2},
    [LAYER_PROVIDER_VLAN] =
        {4, {0x20, 200}, .ethertype = 0x88a8, .names = NAMES_ETHERTYPE, .name_at = 2},
    [LAYER_QINQ_OLD] = {4, {0, 201}, .ethertype = 0x9100, .names = NAMES_ETHERTYPE, .name_at = 2},
    [LAYER_QINQ_OLDER] = {4, {0, 202}, .ethertype = 0x9200, .names = NAMES_ETHERTYPE, .name_at = 2},
    [LAYER_MPLS] = {4, {0, 1, 0, 64}, .ethertype = 0x8847, .ppp = 0x0281},
    [LAYER_MPLS_BOTTOM] = {4, {0, 2, 1, 64}, .ethertype = 0x8847, .ppp = 0x0281},
    [LAYER_CONTROL_WORD] = {4, {0}},
    [LAYER_PPPOE] = {6,
                     {0x11, 0, 0, 1},
                     .ethertype = 0x8864,
                     .has_length = true,
                     .length_at = 4,
                     .length_omits = 6},
    [LAYER_SNAP] = {8, {0xaa, 0xaa, 3}, .is_llc = true, .names = NAMES_ETHERTYPE, .name_at = 6},
    [LAYER_SNAP_BRIDGE] =
        {8, {0xaa, 0xaa, 3, 0, 0, 0xf8}, .is_llc = true, .names = NAMES_ETHERTYPE, .name_at = 6},
    [LAYER_SNAP_CISCO] = {8, {0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0}, .is_llc = true},
    [LAYER_LLC_STP] = {3, {0x42, 0x42, 3}, .is_llc = true},
    [LAYER_NETWARE] = {4, {0xff, 0xff, 0, 30}, .is_llc = true},
    [LAYER_ARP] = {28, {0, 1, 8, 0, 6, 4, 0, 1}, .ethertype = 0x0806},

    [LAYER_IPV4] = {20,
                    {0x45, 0, 0, 0, 0, 1, 0, 0, 64, 0, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2},
                    .ethertype = 0x0800,
                    .ppp = 0x0021,
                    .ip_protocol = 4,
                    .family = 2,
                    .names = NAMES_IP_PROTOCOL,
                    .name_at = 9,
                    .has_length = true,
                    .length_at = 2},
    [LAYER_IPV4_OPTIONS] = {28,
                            {0x47, 0, 0, 0, 0,  1, 0, 0, 64, 0, 0, 0,
                             10,   0, 0, 1, 10, 0, 0, 2, 7,  7, 4},
                            .ethertype = 0x0800,
                            .ppp = 0x0021,
                            .ip_protocol = 4,
                            .family = 2,
                            .names = NAMES_IP_PROTOCOL,
                            .name_at = 9,
                            .has_length = true,
                            .length_at = 2},
    [LAYER_IPV4_FIRST] = {20,
                          {0x45, 0, 0,  0, 0x12, 0x34, 0x20, 0, 64, 0,
                           0,    0, 10, 0, 0,    1,    10,   0, 0,  2},
                          .ethertype = 0x0800,
                          .ppp = 0x0021,
                          .ip_protocol = 4,
                          .names = NAMES_IP_PROTOCOL,
                          .name_at = 9,
                          .has_length = true,
                          .length_at = 2},
    [LAYER_IPV4_LATER] = {20,
                          {0x45, 0, 0,  0, 0x12, 0x34, 0x20, 185, 64, 0,
                           0,    0, 10, 0, 0,    1,    10,   0,   0,  2},
                          .ethertype = 0x0800,
                          .ppp = 0x0021,
                          .ip_protocol = 4,
                          .names = NAMES_IP_PROTOCOL,
                          .name_at = 9,
                          .has_length = true,
                          .length_at = 2},
    [LAYER_IPV6] = {40,
                    {0x60, 0, 0, 0, 0, 0, 0, 64, 0xfd, [23] = 1, 0xfd, [39] = 2},
                    .ethertype = 0x86dd,
                    .ppp = 0x0057,
                    .ip_protocol = 41,
                    .family = 24,
                    .names = NAMES_IP_PROTOCOL,
                    .name_at = 6,
                    .has_length = true,
                    .length_at = 4,
                    .length_omits = 40},
    [LAYER_HOP_BY_HOP] = {8, {0, 0, 1, 4}, .ip_protocol = 0, .names = NAMES_IP_PROTOCOL},
    [LAYER_ROUTING] = {24, {0, 2, 4, 1}, .ip_protocol = 43, .names = NAMES_IP_PROTOCOL},
    [LAYER_DESTINATION] = {16, {0, 1, 1, 12}, .ip_protocol = 60, .names = NAMES_IP_PROTOCOL},
    [LAYER_FRAGMENT_FIRST] = {8,
                              {0, 0, 0, 1, 0x12, 0x34, 0x56, 0x78},
                              .ip_protocol = 44,
                              .names = NAMES_IP_PROTOCOL},
    [LAYER_FRAGMENT_LATER] = {8,
                              {0, 0, 0x05, 0xc9, 0x12, 0x34, 0x56, 0x78},
                              .ip_protocol = 44,
                              .names = NAMES_IP_PROTOCOL},
    [LAYER_FRAGMENT_ATOMIC] = {8,
                               {0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78},
                               .ip_protocol = 44,
                               .names = NAMES_IP_PROTOCOL},
    [LAYER_AH] = {24, {0, 4}, .ip_protocol = 51, .names = NAMES_IP_PROTOCOL},
    [LAYER_MOBILITY] = {16, {0, 1, 5}, .ip_protocol = 135, .names = NAMES_IP_PROTOCOL},
    [LAYER_HIP] = {40, {0, 4, 1, 0x11}, .ip_protocol = 139, .names = NAMES_IP_PROTOCOL},
    [LAYER_SHIM6] = {8, {0, 0, 0x80}, .ip_protocol = 140, .names = NAMES_IP_PROTOCOL},
    [LAYER_NO_NEXT] = {0, {0}, .ip_protocol = 59},
    [LAYER_ESP] = {8, {0, 0, 1, 0, 0, 0, 0, 1}, .ip_protocol = 50},

    [LAYER_TCP] = {20,
                   {0xc3, 0x51, 0x01, 0xbb, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x12, 0xff, 0xff},
                   .ip_protocol = 6},
    [LAYER_TCP_OPTIONS] = {32,
                           {0xc3, 0x51, 0x01, 0xbb, 1, 2, 3, 4, 5, 6, 7, 8,
                            0x80, 0x12, 0xff, 0xff, 0, 0, 0, 0, 1, 1, 8, 10},
                           .ip_protocol = 6},
    [LAYER_UDP] = {8,
                   {0xc3, 0x52, 0, 53},
                   .ip_protocol = 17,
                   .names = NAMES_PORT,
                   .name_at = 2,
                   .has_length = true,
                   .length_at = 4},
    [LAYER_SCTP] = {12, {0xc3, 0x53, 0x0b, 0x59}, .ip_protocol = 132},
    [LAYER_ICMP] = {4, {8, 0}, .ip_protocol = 1},
    [LAYER_ICMPV6] = {4, {128, 0}, .ip_protocol = 58},

    [LAYER_GRE] = {4, {0}, .ip_protocol = 47, .names = NAMES_ETHERTYPE, .name_at = 2},
    [LAYER_GRE_CHECKSUM] = {8, {0x80}, .ip_protocol = 47, .names = NAMES_ETHERTYPE, .name_at = 2},
    [LAYER_GRE_KEY] =
        {8, {0x20, [4] = 0, 0, 0, 7}, .ip_protocol = 47, .names = NAMES_ETHERTYPE, .name_at = 2},
    [LAYER_GRE_SEQUENCE] =
        {8, {0x10, [4] = 0, 0, 0, 9}, .ip_protocol = 47, .names = NAMES_ETHERTYPE, .name_at = 2},
    [LAYER_GRE_ALL] = {16, {0xb0}, .ip_protocol = 47, .names = NAMES_ETHERTYPE, .name_at = 2},
    [LAYER_GRE_PPTP] = {12,
                        {0x30, 0x01, 0x88, 0x0b},
                        .ip_protocol = 47,
                        .has_length = true,
                        .length_at = 4,
                        .length_omits = 12},
    [LAYER_GRE_PPTP_ACKNOWLEDGED] = {16,
                                     {0x30, 0x81, 0x88, 0x0b},
                                     .ip_protocol = 47,
                                     .has_length = true,
                                     .length_at = 4,
                                     .length_omits = 16},
    [LAYER_ERSPAN_I] = {0, {0}, .ethertype = 0x88be},
    [LAYER_ERSPAN_II] = {8, {0x10, 1}, .ethertype = 0x88be},
    [LAYER_ERSPAN_III] = {12, {0x20, 1}, .ethertype = 0x22eb},
    [LAYER_ERSPAN_III_SUBHEADER] = {20, {0x20, 1, [11] = 1}, .ethertype = 0x22eb},
    [LAYER_GTP_U] = {8,
                     {0x30, 0xff, 0, 0, 1, 2, 3, 4},
                     .port = 2152,
                     .has_length = true,
                     .length_at = 2,
                     .length_omits = 8},
    [LAYER_GTP_U_SEQUENCE] = {12,
                              {0x32, 0xff, 0, 0, 1, 2, 3, 4, 0, 1},
                              .port = 2152,
                              .has_length = true,
                              .length_at = 2,
                              .length_omits = 8},
    [LAYER_GTP_U_EXTENSION] = {24,
                               {0x34, 0xff, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0x85, 1, 0, 9, 0xc0, 2},
                               .port = 2152,
                               .has_length = true,
                               .length_at = 2,
                               .length_omits = 8},
    [LAYER_VXLAN] = {8, {0x08, 0, 0, 0, 1, 2, 3, 0}, .port = 4789},
    [LAYER_GENEVE] =
        {8, {0, 0, 0, 0, 1, 2, 3, 0}, .port = 6081, .names = NAMES_ETHERTYPE, .name_at = 2},
    [LAYER_GENEVE_OPTIONS] = {16,
                              {0x02, 0, 0, 0, 1, 2, 3, 0, 1, 2, 0x80, 1},
                              .port = 6081,
                              .names = NAMES_ETHERTYPE,
                              .name_at = 2},
    [LAYER_NVGRE] = {8, {0x20, 0, 0x65, 0x58, 1, 2, 3, 0}, .ip_protocol = 47},
    [LAYER_TZSP] = {5, {1, 0, 0, 1, 1}, .port = 37008},
    [LAYER_TZSP_TAGS] = {9, {1, 1, 0, 1, 0, 10, 1, 0x55, 1}, .port = 37008},
    [LAYER_TEREDO] = {0, {0}, .port = 3544},
    [LAYER_TEREDO_ORIGIN] = {8, {0, 0, 0x3c, 0xad, 0xf5, 0xff, 0xff, 0xfd}, .port = 3544},
    [LAYER_TEREDO_AUTHENTICATION] = {27, {0, 1, 4, 2}, .port = 3544},

    [LAYER_PAYLOAD] = {16,
                       {'g', 'l', 'a', 's', 's', ' ', 'h', 'i', 'd', 'e', 's', ' ', 'n', 'o', 'n',
                        'e'},
                       .ethertype = 0x88b5,
                       .ppp = 0xc021,
                       .ip_protocol = 253},
    [LAYER_PADDING] = {6, {0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5}},
};

static void store_be16(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

/* Writes into the layer added last what the one to come is called. */
static void name_next(uint8_t *header, const struct shape *shape, const struct shape *next)
{
    uint8_t *name = header + shape->name_at;
    switch (shape->names) {
    case NAMES_NOTHING:
        break;
    case NAMES_ETHERTYPE: /* of an LLC frame it is the length, written at the end */
        store_be16(name, next->ethertype);
        break;
    case NAMES_IP_PROTOCOL:
        *name = next->ip_protocol;
        break;
    case NAMES_PPP:
        store_be16(name, next->ppp);
        break;
    case NAMES_PPP_SHORT:
        *name = (uint8_t)next->ppp;
        break;
    case NAMES_PORT:
        if (next->port)
            store_be16(name, next->port);
        break;
    case NAMES_FAMILY_LITTLE:
        name[0] = next->family;
        break;
    case NAMES_FAMILY_BIG:
        name[3] = next->family;
        break;
    }
}

static bool is_ip(enum layer layer)
{
    return (layer >= LAYER_IPV4 && layer <= LAYER_IPV4_LATER) || layer == LAYER_IPV6;
}

static void number_addresses(struct frame_builder *builder, enum layer layer, uint8_t *header)
{
    uint8_t n = (uint8_t)++builder->ip_count;
    header[layer == LAYER_IPV6 ? 21 : 14] = n;
    header[layer == LAYER_IPV6 ? 37 : 18] = n;
}

void frame_builder_add(struct frame_builder *builder, enum layer layer)
{
    const struct shape *shape = &shapes[layer];
    assert(layer != LAYER_END && builder->layer_count < FRAME_BUILDER_LAYERS);
    assert(builder->length + shape->length <= FRAME_BUILDER_BYTES);
    if (builder->layer_count && layer != LAYER_PADDING) {
        unsigned last = builder->layer_count - 1;
        name_next(builder->bytes + builder->offsets[last], &shapes[builder->layers[last]], shape);
    }
    uint8_t *header = builder->bytes + builder->length;
    memset(header, 0, shape->length);
    memcpy(header, shape->bytes,
           shape->length < sizeof shape->bytes ? shape->length : sizeof shape->bytes);
    if (is_ip(layer))
        number_addresses(builder, layer, header);
    builder->layers[builder->layer_count] = layer;
    builder->offsets[builder->layer_count++] = builder->length;
    builder->length += shape->length;
    if (layer != LAYER_PADDING)
        builder->counted_bytes = builder->length;
}

void frame_builder_finish(struct frame_builder *builder)
{
    for (unsigned i = 0; i < builder->layer_count; i++) {
        const struct shape *shape = &shapes[builder->layers[i]];
        uint32_t bytes = builder->counted_bytes - builder->offsets[i];
        if (shape->has_length)
            store_be16(builder->bytes + builder->offsets[i] + shape->length_at,
                       bytes - shape->length_omits);
        if (!shape->is_llc || !i)
            continue;
        const struct shape *carrier = &shapes[builder->layers[i - 1]];
        if (carrier->names == NAMES_ETHERTYPE)
            store_be16(builder->bytes + builder->offsets[i - 1] + carrier->name_at, bytes);
    }
}

void frame_builder_build(struct frame_builder *builder, const enum layer *layers)
{
    for (; *layers != LAYER_END; layers++)
        frame_builder_add(builder, *layers);
    frame_builder_finish(builder);
}

struct frame frame_builder_frame(const struct frame_builder *builder, uint16_t link_type)
{
    return (struct frame){.bytes = builder->bytes,
                          .time_ns = 1000000000,
                          .captured_bytes = builder->length,
                          .wire_bytes = builder->length,
                          .link_type = link_type};
}

void frame_builder_addresses(const struct frame_builder *builder, unsigned n, uint8_t source[16],
                             uint8_t destination[16])
{
    unsigned i = 0;
    for (unsigned left = n; left; i++)
        left -= is_ip(builder->layers[i]);
    const uint8_t *header = builder->bytes + builder->offsets[i - 1];
    bool is_ipv6 = builder->layers[i - 1] == LAYER_IPV6;
    memset(source, 0, 16);
    memset(destination, 0, 16);
    memcpy(source, header + (is_ipv6 ? 8 : 12), is_ipv6 ? 16 : 4);
    memcpy(destination, header + (is_ipv6 ? 24 : 16), is_ipv6 ? 16 : 4);
}
