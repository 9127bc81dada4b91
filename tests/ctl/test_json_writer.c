/* SPDX-License-Identifier: BSD-3-Clause */
/* The JSON writer: its layout byte by byte, and what jansson reads back from it. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "json_writer.h"
#include "suites.h"

/* A stream that keeps what was written. */
struct capture {
    char *text;
    size_t length;
    struct json_writer json;
};

static void capture_begin(struct capture *capture, enum json_layout layout)
{
    FILE *out = open_memstream(&capture->text, &capture->length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    json_writer_init(&capture->json, out, layout);
}

static void capture_end(struct capture *capture)
{
    CU_ASSERT_EQUAL(json_writer_finish(&capture->json), 0);
    fclose(capture->json.out);
}

static void write_sample(struct json_writer *json)
{
    json_write_object_begin(json, NULL);
    json_write_string(json, "name", "a");
    json_write_array_begin(json, "list");
    json_write_unsigned(json, NULL, 1);
    json_write_signed(json, NULL, -2);
    json_write_object_begin(json, NULL);
    json_write_object_end(json);
    json_write_array_begin(json, NULL);
    json_write_array_end(json);
    json_write_array_end(json);
    json_write_bool(json, "yes", true);
    json_write_null(json, "none");
    json_write_number(json, "seconds", "60.0");
    json_write_object_end(json);
}

static void test_layouts(void)
{
    static const struct {
        enum json_layout layout;
        const char *text;
    } cases[] = {
        {JSON_LAYOUT_COMPACT, "{\"name\":\"a\",\"list\":[1,-2,{},[]],\"yes\":true,\"none\":null,"
                              "\"seconds\":60.0}\n"},
        {JSON_LAYOUT_PRETTY,
         "{\n  \"name\": \"a\",\n  \"list\": [\n    1,\n    -2,\n    {},\n    []\n  ],\n"
         "  \"yes\": true,\n  \"none\": null,\n  \"seconds\": 60.0\n}\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct capture capture;
        capture_begin(&capture, cases[i].layout);
        write_sample(&capture.json);
        capture_end(&capture);
        CU_ASSERT_STRING_EQUAL(capture.text, cases[i].text);
        free(capture.text);
    }
}

static void test_escapes(void)
{
    static const struct {
        const char *text;
        const char *json;
    } cases[] = {
        {"", "\"\"\n"},
        {"plain /~", "\"plain /~\"\n"},
        {"\"\\", "\"\\\"\\\\\"\n"},
        {"\b\t\n\f\r", "\"\\b\\t\\n\\f\\r\"\n"},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"\n"},
        {"é€😀", "\"é€😀\"\n"},
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"\n"},                 /* overlong */
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n"}, /* surrogate */
        {"\xf4\x90\x80\x80z", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"\n"},
        {"a\xe2\x82", "\"a\xef\xbf\xbd\xef\xbf\xbd\"\n"}, /* cut short */
        {"\x80", "\"\xef\xbf\xbd\"\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct capture capture;
        capture_begin(&capture, JSON_LAYOUT_COMPACT);
        json_write_string(&capture.json, NULL, cases[i].text);
        capture_end(&capture);
        CU_ASSERT_STRING_EQUAL(capture.text, cases[i].json);
        free(capture.text);
    }
}

/* Each byte, and each pair of bytes from among the interesting ones, as key and as value. */
static void test_any_string_parses(void)
{
    for (unsigned first = 1; first < 256; first++) {
        for (unsigned second = 0; second < 256; second += 3) {
            const char text[] = {(char)first, (char)second, '\0'};
            struct capture capture;
            capture_begin(&capture, second % 2 ? JSON_LAYOUT_PRETTY : JSON_LAYOUT_COMPACT);
            json_write_object_begin(&capture.json, NULL);
            json_write_string(&capture.json, text, text);
            json_write_object_end(&capture.json);
            capture_end(&capture);
            json_t *read = json_loads(capture.text, 0, NULL);
            CU_ASSERT_EQUAL(json_object_size(read), 1);
            if (first < 0x80 && second < 0x80)
                CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(read, text)), text);
            json_decref(read);
            free(capture.text);
        }
    }
}

static void test_extreme_numbers(void)
{
    struct capture capture;
    capture_begin(&capture, JSON_LAYOUT_COMPACT);
    json_write_array_begin(&capture.json, NULL);
    json_write_unsigned(&capture.json, NULL, UINT64_MAX);
    json_write_unsigned(&capture.json, NULL, 0);
    json_write_signed(&capture.json, NULL, INT64_MIN);
    json_write_signed(&capture.json, NULL, INT64_MAX);
    json_write_array_end(&capture.json);
    capture_end(&capture);
    CU_ASSERT_STRING_EQUAL(capture.text,
                           "[18446744073709551615,0,-9223372036854775808,9223372036854775807]\n");
    free(capture.text);
}

static void test_deep(void)
{
    struct capture capture;
    capture_begin(&capture, JSON_LAYOUT_COMPACT);
    for (unsigned i = 0; i < JSON_DEPTH_MAX; i++)
        json_write_array_begin(&capture.json, NULL);
    for (unsigned i = 0; i < JSON_DEPTH_MAX; i++)
        json_write_array_end(&capture.json);
    capture_end(&capture);
    CU_ASSERT_EQUAL(capture.length, 2 * JSON_DEPTH_MAX + 1);
    free(capture.text);
}

/* The error shows at the end whether a write or the last flush met it, and stays. */
static void test_write_error(void)
{
    for (unsigned is_buffered = 0; is_buffered < 2; is_buffered++) {
        FILE *out = fopen("/dev/full", "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        setvbuf(out, NULL, is_buffered ? _IOFBF : _IONBF, BUFSIZ);
        struct json_writer json;
        json_writer_init(&json, out, JSON_LAYOUT_COMPACT);
        write_sample(&json);
        CU_ASSERT_EQUAL(json.has_failed, !is_buffered);
        CU_ASSERT_EQUAL(json_writer_finish(&json), -EIO);
        fclose(out);
    }
}

CU_TestInfo json_writer_tests[] = {
    {"both layouts, byte by byte", test_layouts},
    {"strings are escaped, broken UTF-8 replaced", test_escapes},
    {"any string can be parsed", test_any_string_parses},
    {"extreme numbers", test_extreme_numbers},
    {"as deep as promised", test_deep},
    {"a write error shows at the end", test_write_error},
    CU_TEST_INFO_NULL,
};
