/* SPDX-License-Identifier: BSD-3-Clause */
/* Simulations: the fit is quiet where the model comes from and speaks elsewhere; intervals of
 * corrected shares hold the truth as often as they say. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model_fit.h"
#include "model_shares.h"
#include "random.h"
#include "suites.h"

enum { CLASSES = 5, KINDS = CLASSES + 1 };

/* A model by its numbers; scores are none of this test's. */
struct invented {
    struct headers_model model;
    struct headers_class classes[CLASSES];
    struct headers_conformal conformal[CLASSES];
    uint64_t fit[CLASSES * HEADERS_LEVELS];
    uint64_t confusion[CLASSES * KINDS];
};

static void invent(struct invented *invented)
{
    memset(invented, 0, sizeof *invented);
    invented->model = (struct headers_model){.class_count = CLASSES,
                                             .classes = invented->classes,
                                             .fit = invented->fit,
                                             .confusion = invented->confusion};
    for (unsigned i = 0; i < CLASSES; i++)
        invented->classes[i].protocol = (uint16_t)(i + 1);
}

static double draw(struct random *random)
{
    return (double)random_below(random, 1 << 30) / (1 << 30);
}

/* Class i's own scores are 65535 times a uniform number to the power of 1 / (i + 1); with `shift` a
 * part of the flows, in per cent, score a third lower. The highest value is one in three. */
static uint16_t draw_score(struct random *random, unsigned class_index, unsigned shift)
{
    double score = pow(draw(random), 1.0 / (class_index + 1));
    if (random_below(random, 3) == 0)
        score = 1;
    if (random_below(random, 100) < shift)
        score *= 0.66;
    return (uint16_t)(score * FOREST_SCORE_MAX);
}

static int compare(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* As a trainer does: quantiles from one part of the flows, the reference from another. */
static void train_fit(struct invented *invented, struct random *random)
{
    enum { FLOWS = 2000 };
    static uint16_t scores[FLOWS];
    for (unsigned i = 0; i < CLASSES; i++) {
        for (unsigned k = 0; k < FLOWS; k++)
            scores[k] = draw_score(random, i, 0);
        qsort(scores, FLOWS, sizeof *scores, compare);
        for (unsigned level = 0; level < HEADERS_LEVELS; level++)
            invented->conformal[i].quantile[level] =
                scores[headers_levels[level] * FLOWS / PER_MILLE - 1];
        for (unsigned k = 0; k < FLOWS; k++)
            headers_fit_cells(&invented->conformal[i], draw_score(random, i, 0),
                              &invented->fit[(size_t)i * HEADERS_LEVELS]);
    }
}

/* The verdict over `flows` flows, most of them of class `favourite`. */
static struct model_fit observe(const struct invented *invented, struct random *random,
                                unsigned flows, unsigned favourite, unsigned shift)
{
    struct tally *tally;
    CU_ASSERT_EQUAL_FATAL(tally_new(&tally, CLASSES + 1, NULL), 0);
    for (unsigned i = 0; i < flows; i++) {
        unsigned class_index =
            random_below(random, 2) ? favourite : (unsigned)random_below(random, CLASSES);
        headers_fit_cells(&invented->conformal[class_index], draw_score(random, class_index, shift),
                          tally->headers[class_index + 1].fit);
    }
    struct model_fit fit = model_fit_of(&invented->model, tally);
    CU_ASSERT_EQUAL(fit.flows, flows);
    tally_free(tally);
    return fit;
}

/* Scores as high as they can be are those of flows that were learned from: no misfit. */
static void fit_bears_what_was_learned_from(void)
{
    static struct invented invented;
    struct random random = {12};
    struct tally *tally;
    invent(&invented);
    train_fit(&invented, &random);
    CU_ASSERT_EQUAL_FATAL(tally_new(&tally, CLASSES + 1, NULL), 0);
    for (unsigned i = 0; i < 5000; i++)
        headers_fit_cells(&invented.conformal[i % CLASSES], FOREST_SCORE_MAX,
                          tally->headers[i % CLASSES + 1].fit);
    struct model_fit fit = model_fit_of(&invented.model, tally);
    CU_ASSERT_EQUAL(fit.verdict, MODEL_FIT_GOOD);
    CU_ASSERT_EQUAL(fit.distance, 0);
    tally_free(tally);
}

static void fit_is_quiet_at_home_and_speaks_elsewhere(void)
{
    static const struct {
        unsigned flows, shift;
        enum model_fit_verdict verdict;
    } cases[] = {
        {0, 0, MODEL_FIT_UNTOLD},     {20, 0, MODEL_FIT_UNTOLD},  {200, 100, MODEL_FIT_BAD},
        {1000, 0, MODEL_FIT_GOOD},    {20000, 0, MODEL_FIT_GOOD}, {20000, 5, MODEL_FIT_GOOD},
        {20000, 30, MODEL_FIT_DRIFT}, {20000, 70, MODEL_FIT_BAD}, {3000, 100, MODEL_FIT_BAD},
    };
    static struct invented invented;
    struct random random = {11};
    invent(&invented);
    train_fit(&invented, &random);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (unsigned round = 0; round < 10; round++) {
            struct model_fit fit =
                observe(&invented, &random, cases[i].flows, round % CLASSES, cases[i].shift);
            if (fit.verdict != cases[i].verdict) {
                printf("\n    %u flows, %u %% shifted: %s (distance %u, margin %u)", cases[i].flows,
                       cases[i].shift, model_fit_name(fit.verdict), fit.distance, fit.margin);
                CU_FAIL("the fit is not told as expected");
            }
        }
    }
}

static unsigned pick(struct random *random, const double *chances, unsigned count)
{
    double left = draw(random);
    unsigned i = 0;
    for (; i + 1 < count && left >= chances[i]; i++)
        left -= chances[i];
    return i;
}

/* Right in 70 % to 94 % of flows; 3 % of the rest unknown, others to the next classes. */
static void true_row(unsigned is, double *row)
{
    double right = 0.94 - 0.06 * is;
    for (unsigned k = 0; k < KINDS; k++)
        row[k] = 0;
    row[is] = right;
    row[CLASSES] = 0.03;
    row[(is + 1) % CLASSES] = (0.97 - right) * 0.7;
    row[(is + 3) % CLASSES] = (0.97 - right) * 0.3;
}

/* Bytes of a flow: a bounded Pareto of shape 1.2 from the class's least on, so that few flows have
 * most bytes. */
static uint64_t draw_bytes(struct random *random, unsigned class_index)
{
    double bytes = 200.0 * (1 + class_index) * pow(1 - draw(random), -1 / 1.2);
    return (uint64_t)fmin(bytes, 1e9);
}

static void claim(struct model_claim *claim, uint64_t bytes)
{
    struct tally_headers counted = {
        .flows = claim->flows, .bytes = claim->bytes, .squares = claim->squares};
    tally_headers_count(&counted, bytes);
    *claim = (struct model_claim){counted.flows, counted.bytes, counted.squares};
}

static bool holds(const struct model_range *range, double truth)
{
    return range->low <= truth && truth <= range->high;
}

static void intervals_hold_the_truth(void)
{
    enum { SIMULATIONS = 60, HELD_OUT = 400, FLOWS = 4000 };
    static struct invented invented;
    static const unsigned groups[KINDS] = {0, 1, 2, 3, 4, 5};
    static const unsigned pairs[KINDS] = {0, 0, 1, 1, 1, 2};
    struct random random = {2002};
    unsigned held = 0, raw_held = 0, group_held = 0, bytes_held = 0, raw_bytes_held = 0;
    double error = 0, raw_error = 0;
    for (unsigned n = 0; n < SIMULATIONS; n++) {
        invent(&invented);
        double rows[CLASSES][KINDS];
        double mix[CLASSES];
        double sum = 0;
        for (unsigned i = 0; i < CLASSES; i++) {
            true_row(i, rows[i]);
            for (unsigned k = 0; k < HELD_OUT; k++)
                invented.confusion[i * KINDS + pick(&random, rows[i], KINDS)]++;
            sum += mix[i] = 0.01 + draw(&random) * draw(&random) * draw(&random);
        }
        struct model_claim claims[KINDS] = {{0}};
        double truth[CLASSES] = {0};
        double true_bytes[CLASSES] = {0};
        for (unsigned i = 0; i < CLASSES; i++)
            mix[i] /= sum;
        for (unsigned i = 0; i < FLOWS; i++) {
            unsigned is = pick(&random, mix, CLASSES);
            uint64_t bytes = draw_bytes(&random, is);
            truth[is]++;
            true_bytes[is] += (double)bytes;
            claim(&claims[pick(&random, rows[is], KINDS)], bytes);
        }
        struct model_shares *shares;
        CU_ASSERT_EQUAL_FATAL(model_shares_new(&shares, &invented.model, claims), 0);
        CU_ASSERT_EQUAL(model_shares_flows(shares), FLOWS);
        for (unsigned i = 0; i < CLASSES; i++) {
            struct model_share share = model_shares_of(shares, groups, i);
            double claimed = (double)claims[i].flows;
            CU_ASSERT_EQUAL(share.claimed, claims[i].flows);
            held += holds(&share.flows, truth[i]);
            raw_held += holds(&share.flows, claimed);
            bytes_held += holds(&share.bytes, true_bytes[i]);
            raw_bytes_held += holds(&share.bytes, (double)claims[i].bytes);
            error += fabs(share.flows.estimate - truth[i]);
            raw_error += fabs(claimed - truth[i]);
        }
        struct model_share first = model_shares_of(shares, pairs, 0);
        group_held += holds(&first.flows, truth[0] + truth[1]);
        model_shares_free(shares);
    }
    printf(
        "[held %u of %u, of bytes %u (raw %u), of pairs %u of %u; error %.0f raw, %.0f corrected] ",
        held, SIMULATIONS * CLASSES, bytes_held, raw_bytes_held, group_held, SIMULATIONS,
        raw_error / SIMULATIONS, error / SIMULATIONS);
    /* 95 % of 300 is 285; three standard deviations below it 273, of 60: 52 */
    CU_ASSERT(held >= 273);
    CU_ASSERT(bytes_held >= 273);
    CU_ASSERT(group_held >= 52);
    CU_ASSERT(raw_held < 220);
    CU_ASSERT(error < 0.6 * raw_error);
}

/* dns 90 of 100 and 10 unknown, rtp all right: 900 claims of dns mean 1000 flows. */
static void estimates_what_can_be_computed_by_hand(void)
{
    static struct invented invented;
    static const unsigned groups[KINDS] = {0, 1, 2, 3, 4, 5};
    for (unsigned has_background = 0; has_background < 2; has_background++) {
        invent(&invented);
        for (unsigned i = 0; i < CLASSES; i++)
            invented.confusion[i * KINDS + i] = i ? 1000 : 900;
        invented.confusion[CLASSES] = 100;
        if (has_background) {
            invented.classes[4].protocol = PROTOCOL_UNKNOWN;
            invented.confusion[4 * KINDS + 4] = 0;
            invented.confusion[4 * KINDS + CLASSES] = 1000;
        }
        /* flows of 640 bytes, but for rtp's of 1280 */
        const struct model_claim claims[KINDS] = {
            {900, 576000, 90000}, {500, 640000, 200000}, {0}, {0}, {0}, {300, 192000, 30000}};
        struct model_shares *shares;
        CU_ASSERT_EQUAL_FATAL(model_shares_new(&shares, &invented.model, claims), 0);
        struct model_share dns = model_shares_of(shares, groups, 0);
        struct model_share rest = model_shares_of(shares, groups, has_background ? 4 : 5);
        CU_ASSERT_DOUBLE_EQUAL(dns.flows.estimate, 1000, 0.5);
        CU_ASSERT_DOUBLE_EQUAL(dns.adjusted, 1000, 0.5);
        CU_ASSERT(dns.flows.low > 900 && dns.flows.low < 990);
        CU_ASSERT(dns.flows.high > 1010 && dns.flows.high < 1100);
        CU_ASSERT_DOUBLE_EQUAL(dns.bytes.estimate, 640000, 320);
        CU_ASSERT(dns.bytes.low > 576000 && dns.bytes.low < 634000);
        CU_ASSERT(dns.bytes.high > 646000 && dns.bytes.high < 704000);
        CU_ASSERT_DOUBLE_EQUAL(rest.flows.estimate, 200, 0.5);
        CU_ASSERT_DOUBLE_EQUAL(rest.bytes.estimate, 128000, 320);
        CU_ASSERT_DOUBLE_EQUAL(rest.adjusted, 200, 0.5);
        CU_ASSERT_DOUBLE_EQUAL(model_shares_of(shares, groups, 1).flows.estimate, 500, 0.5);
        CU_ASSERT_DOUBLE_EQUAL(model_shares_of(shares, groups, 2).flows.estimate, 0, 0.5);
        model_shares_free(shares);
    }
}

/* More dns than the model's errors can explain cannot be negative anything. */
static void bears_claims_that_cannot_be(void)
{
    static struct invented invented;
    static const unsigned groups[KINDS] = {0, 1, 2, 3, 4, 5};
    invent(&invented);
    for (unsigned i = 0; i < CLASSES; i++) {
        invented.confusion[i * KINDS + i] = 50;
        invented.confusion[i * KINDS] += 50;
    }
    struct model_claim claims[KINDS] = {{10, 1000, 40}, {90, 9000, 360}};
    struct model_shares *shares;
    CU_ASSERT_EQUAL_FATAL(model_shares_new(&shares, &invented.model, claims), 0);
    struct model_share first = model_shares_of(shares, groups, 0);
    CU_ASSERT(first.flows.estimate >= 0 && first.flows.low >= 0);
    CU_ASSERT(first.bytes.estimate >= 0 && first.bytes.low >= 0);
    CU_ASSERT_DOUBLE_EQUAL(first.adjusted, -80, 1e-6);
    model_shares_free(shares);
    memset(claims, 0, sizeof claims);
    CU_ASSERT_EQUAL_FATAL(model_shares_new(&shares, &invented.model, claims), 0);
    CU_ASSERT_EQUAL(model_shares_flows(shares), 0);
    CU_ASSERT_DOUBLE_EQUAL(model_shares_of(shares, groups, 1).flows.high, 0, 1e-9);
    model_shares_free(shares);
}

/* What the squares are for: they tell one large flow from many, and do not run over. */
static void squares_tell_large_flows(void)
{
    struct tally_headers many = {.flows = 0};
    struct tally_headers one = {.flows = 0};
    for (unsigned i = 0; i < 100; i++) {
        tally_headers_count(&many, 6400);
        tally_headers_count(&one, i ? 10 : 639010);
    }
    CU_ASSERT_EQUAL(many.flows, 100);
    CU_ASSERT_EQUAL(many.bytes, 640000);
    CU_ASSERT_EQUAL(many.squares, 100 * 100 * 100);
    CU_ASSERT_EQUAL(one.bytes, 640000);
    CU_ASSERT_EQUAL(one.squares, 9985 * 9985 + 99);
    for (unsigned i = 0; i < 5; i++)
        tally_headers_count(&one, UINT64_C(1) << 40);
    CU_ASSERT_EQUAL(one.squares, UINT64_MAX);
}

CU_TestInfo model_stats_tests[] = {
    {"fit: quiet at home, speaks elsewhere", fit_is_quiet_at_home_and_speaks_elsewhere},
    {"fit: bears what was learned from", fit_bears_what_was_learned_from},
    {"shares: what can be computed by hand", estimates_what_can_be_computed_by_hand},
    {"shares: intervals hold the truth", intervals_hold_the_truth},
    {"shares: squares", squares_tell_large_flows},
    {"shares: claims that cannot be", bears_claims_that_cannot_be},
    CU_TEST_INFO_NULL,
};
