/* SPDX-License-Identifier: BSD-3-Clause */
/* Turns a table of cases into samples. */
#include "eval_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "suites.h"

static struct eval_row row_of(const struct eval_case *one)
{
    return (struct eval_row){
        .capture = one->capture,
        .fold = one->fold,
        .label = one->label,
        .service = "",
        .confidence = EVAL_CONFIDENCE_HIGH,
        .tuple = {.ip_version = 4,
                  .protocol = IP_UDP,
                  .source = {192, 0, 2, 1},
                  .destination = {192, 0, 2, 2},
                  .source_port = 50000,
                  .destination_port = one->port},
    };
}

static struct eval_unit unit_of(const struct eval_fixture *fixture, const struct eval_case *one,
                                const struct eval_row *row)
{
    struct eval_unit unit = {.row = row, .flows = 1, .packets = 1, .bytes = one->bytes};
    int verdict = one->verdict ? protocols_find(fixture->protocols, one->verdict) : 0;
    CU_ASSERT_FATAL(verdict >= 0);
    unit.verdict[TIER_HEADERS] = (uint16_t)verdict;
    unit.verdict[EVAL_COMBINED] = (uint16_t)verdict;
    unit.data_before[TIER_HEADERS] = one->data_before;
    unit.headers = (struct flow_surety){
        .is_known = true,
        .best = (uint16_t)verdict,
        .confidence = (uint16_t)(one->confidence * UINT16_MAX / 100),
        .p_value = one->p_value,
    };
    size_t length = one->first ? strlen(one->first) : 0;
    unit.first_count = (uint8_t)(length < EVAL_FIRST_BYTES ? length : EVAL_FIRST_BYTES);
    for (unsigned i = 0; i < unit.first_count; i++)
        unit.first_bytes[i] = (uint8_t)one->first[i];
    return unit;
}

static void add_capture(struct eval_fixture *fixture, const struct eval_case *cases,
                        const struct eval_row *rows, size_t count)
{
    struct eval_capture capture = {.count = count, .units = calloc(count, sizeof *capture.units)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(capture.units);
    for (size_t i = 0; i < count; i++)
        capture.units[i] = unit_of(fixture, &cases[i], &rows[i]);
    CU_ASSERT_EQUAL_FATAL(eval_samples_add(&fixture->samples, &fixture->words, &capture, NULL), 0);
    eval_capture_free(&capture);
}

void eval_fixture_make(struct eval_fixture *fixture, const struct eval_case *cases, size_t count,
                       const char *unknown, const struct eval_fold_choice *choice)
{
    const struct eval_fold_choice none = {.split_by = NULL};
    *fixture = (struct eval_fixture){
        .samples = {.tiers = 1u << TIER_HEADERS, .least = EVAL_CONFIDENCE_HIGH}};
    CU_ASSERT_EQUAL_FATAL(protocols_new(&fixture->protocols, NULL), 0);
    eval_words_init(&fixture->words, fixture->protocols);
    if (unknown)
        CU_ASSERT_EQUAL_FATAL(eval_words_hold_out(&fixture->words, unknown, NULL), 0);
    fixture->truth.rows = calloc(count, sizeof *fixture->truth.rows);
    CU_ASSERT_PTR_NOT_NULL_FATAL(fixture->truth.rows);
    for (size_t i = 0; i < count; i++)
        fixture->truth.rows[i] = row_of(&cases[i]);
    fixture->truth.count = count;
    CU_ASSERT_EQUAL_FATAL(
        eval_folds_assign(&fixture->folds, choice ? choice : &none, &fixture->truth, NULL), 0);
    fixture->samples.folds = &fixture->folds;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i; end < count && !strcmp(cases[end].capture, cases[i].capture);)
            end++;
        add_capture(fixture, cases + i, fixture->truth.rows + i, end - i);
    }
}

void eval_fixture_free(struct eval_fixture *fixture)
{
    eval_samples_free(&fixture->samples);
    eval_folds_free(&fixture->folds);
    eval_truth_free(&fixture->truth);
    eval_words_free(&fixture->words);
    protocols_free(fixture->protocols);
}
