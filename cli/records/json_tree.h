/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON text (RFC 8259) as a tree that can be changed and written again: numbers and strings keep
 * the text they came with, so nothing is rounded or respelt. The rules are those of the library
 * (docs/records.md): UTF-8, no lone surrogates, 1,000 levels. */
#ifndef DW_CLI_JSON_TREE_H
#define DW_CLI_JSON_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/textbuf.h"
#include "records/scratch.h"

enum { JSON_MAX_DEPTH = 1000 };

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json {
    enum json_kind kind;
    bool escaped;              /* a string whose text has escapes */
    bool name_plain;           /* the name needs no escapes */
    struct span text;          /* number: as written; string: what is between the quotes */
    struct span name;          /* of an object's member: its characters */
    struct json *first, *last; /* elements, or members in the order they came, equal names too */
    struct json *next;
};

struct json_error {
    size_t offset;
    const char *reason; /* static */
};

/* All that `text` is, but for white space around it; NULL with *error set. The tree borrows `text`
 * and lies in `scratch`. */
struct json *json_parse(struct scratch *scratch, struct span text, struct json_error *error);
/* The value at `text`, which may have white space before it, and more after: *out is the value's
 * bytes. Nothing is built. */
bool json_skip(struct span text, struct span *out, struct json_error *error);
/* "offset 17: control character in a string" */
void json_error_text(const struct json_error *error, struct textbuf *out);

/* The last member of that name, regardless of ASCII case; NULL: none, or not an object. */
struct json *json_get(const struct json *object, struct span name);
/* The last one of exactly that name. */
struct json *json_member(const struct json *object, struct span name);
/* The characters of a string. */
struct span json_chars(struct scratch *scratch, const struct json *string);

struct json *json_new(struct scratch *scratch, enum json_kind kind);
struct json *json_new_string(struct scratch *scratch, struct span chars);
/* `text` is a JSON number, borrowed. */
struct json *json_new_number(struct scratch *scratch, struct span text);
struct json *json_new_int(struct scratch *scratch, int64_t value);
/* Borrows the name; the value must be in no other container. */
void json_add_member(struct json *object, struct span name, struct json *value);
void json_add(struct json *array, struct json *value);
/* All members of that name, regardless of ASCII case. */
void json_remove(struct json *object, struct span name);
/* Of members of names that are equal regardless of ASCII case the last alone stays. */
void json_keep_last(struct scratch *scratch, struct json *object);
/* The value and all that is in it, to be put in another place; texts are shared. */
struct json *json_copy(struct scratch *scratch, const struct json *value);

void json_write(const struct json *value, struct textbuf *out);

#endif
