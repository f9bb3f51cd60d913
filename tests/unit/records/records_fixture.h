/* SPDX-License-Identifier: Apache-2.0 */
/* A decoder and what it makes of records. */
#ifndef DWT_RECORDS_FIXTURE_H
#define DWT_RECORDS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/textbuf.h"
#include "records/decoder.h"

struct fixture {
    struct record_config config;
    struct registry *registry;
    struct decoder *decoder;
    struct record record;
    struct decoded got;
    struct textbuf rows; /* with a line feed after each */
};

static inline void fixture_open(struct fixture *f)
{
    struct textbuf problem = {0};

    f->decoder = decoder_new(&f->config, f->registry, &problem);
    if (f->decoder == NULL)
        fail_msg("decoder_new: %s", problem.text);
    textbuf_done(&problem);
}

static inline void fixture_done(struct fixture *f)
{
    decoder_free(f->decoder);
    registry_unref(f->registry);
    textbuf_done(&f->rows);
}

static inline enum decode_result decode_bytes(struct fixture *f, const void *data, size_t len)
{
    enum decode_result result;

    if (f->decoder == NULL)
        fixture_open(f);
    f->record.value = (dw_bytes){data, len};
    result = decoder_decode(f->decoder, &f->record, &f->got);
    textbuf_clear(&f->rows);
    textbuf_puts(&f->rows, "");
    for (size_t i = 0; result == DECODE_ROWS && i < f->got.count; i++) {
        textbuf_add(&f->rows, (const char *)f->got.rows[i].data, f->got.rows[i].len);
        textbuf_puts(&f->rows, "\n");
    }
    return result;
}

/* The rows, with a line feed after each; fails the test when the record is bad. */
static inline const char *rows_of_bytes(struct fixture *f, const void *data, size_t len)
{
    enum decode_result result = decode_bytes(f, data, len);

    if (result != DECODE_ROWS)
        fail_msg("result %d: %s %s: %s", (int)result, f->got.stage, f->got.code, f->got.text);
    return f->rows.text;
}

static inline const char *rows_of(struct fixture *f, const char *text)
{
    return rows_of_bytes(f, text, strlen(text));
}

/* The record is bad for this reason. */
static inline void assert_bad_bytes(struct fixture *f, const void *data, size_t len,
                                    const char *stage, const char *code, const char *text)
{
    assert_int_equal(decode_bytes(f, data, len), DECODE_BAD);
    assert_string_equal(f->got.stage, stage);
    assert_string_equal(f->got.code, code);
    if (strstr(f->got.text, text) == NULL)
        assert_string_equal(f->got.text, text);
    assert_int_equal(f->got.count, 0);
}

static inline void assert_bad(struct fixture *f, const char *value, const char *stage,
                              const char *code, const char *text)
{
    assert_bad_bytes(f, value, strlen(value), stage, code, text);
}

#endif
