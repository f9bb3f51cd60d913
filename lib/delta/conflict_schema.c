/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/conflict_schema.h"

#include <stdio.h>

#include "delta/mapping.h"

dw_status dwi_conflict(dw_error *err, const dwi_state *latest, const char *fmt, ...)
{
    char what[DW_ERROR_MESSAGE_SIZE];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    return dwi_err(err, DW_E_CONFLICT, "version %lld: %s", (long long)latest->version, what);
}

enum { MAX_PATH = 256 };

/* Two schemas being compared, top down. */
typedef struct comparison {
    const dwi_state *latest;
    dwi_arena arena;
    bool mapping_came; /* names of fields in files are told by metadata from now on */
    bool mapped;
    char path[MAX_PATH]; /* of the fields above, each with '.'; a longer one is cut off */
    size_t path_len;
    bool widened;
    dw_error *err;
} comparison;

static dw_status clash(comparison *c, dwi_sv name, const char *how)
{
    return dwi_conflict(c->err, c->latest, "another commit %s %.*s%.*s", how, (int)c->path_len,
                        c->path, DWI_SV_ARG(name));
}

/* Keys of a field's metadata that tell an appender nothing. `came`: the field is new. */
static bool is_idle(const comparison *c, dwi_sv key, bool came)
{
    if (dwi_sv_eq_cstr(key, "comment") || dwi_sv_eq_cstr(key, "delta.typeChanges"))
        return true;
    return (c->mapping_came || (came && c->mapped)) &&
           (dwi_sv_eq_cstr(key, "delta.columnMapping.id") ||
            dwi_sv_eq_cstr(key, "delta.columnMapping.physicalName"));
}

/* Every key of `from` that matters has the same value in `to`. */
static bool has_all(const comparison *c, const dwi_json *from, const dwi_json *to, bool came)
{
    for (const dwi_json *each = dwi_json_first(from); each != NULL; each = dwi_json_next(each)) {
        dwi_sv key = dwi_json_key(each);
        const dwi_json *other = dwi_json_get(to, key.ptr);
        if (!is_idle(c, key, came) &&
            (other == NULL || !dwi_sv_eq(dwi_json_source(each), dwi_json_source(other))))
            return false;
    }
    return true;
}

/* What the metadata of a field asks of an appender is the same. A field that got its mapping
 * between the two must be called in files what it was called before. */
static dw_status same_duties(comparison *c, dwi_sv name, dwi_sv a, dwi_sv b, bool came,
                             bool *out_same)
{
    const dwi_json *was;
    const dwi_json *is;
    const dwi_json *physical;
    dw_status status;
    dwi_sv text;

    *out_same = dwi_sv_eq(a, b);
    if (*out_same)
        return DW_OK;
    DWI_TRY(dwi_json_parse(&c->arena, a, "column metadata", &was, c->err));
    DWI_TRY(dwi_json_parse(&c->arena, b, "column metadata", &is, c->err));
    *out_same = has_all(c, was, is, came) && has_all(c, is, was, came);
    physical = dwi_json_get(is, "delta.columnMapping.physicalName");
    if (c->mapping_came && !came && physical != NULL)
        *out_same = *out_same && dwi_json_as_string(physical, &text) && dwi_sv_eq(text, name);
done:
    return status;
}

/* Types that a type can be changed to without its values being lost. Spec: Delta PROTOCOL.md, "Type
 * Widening", "Supported Type Changes". */
static bool is_wider(const dwi_type *was, const dwi_type *is)
{
    static const int digits[] = {
        [DWI_BYTE] = 10, [DWI_SHORT] = 10, [DWI_INTEGER] = 10, [DWI_LONG] = 20};
    bool integer = was->kind == DWI_BYTE || was->kind == DWI_SHORT || was->kind == DWI_INTEGER;

    switch (is->kind) {
    case DWI_SHORT:
        return was->kind == DWI_BYTE;
    case DWI_INTEGER:
        return was->kind == DWI_BYTE || was->kind == DWI_SHORT;
    case DWI_LONG:
        return integer;
    case DWI_DOUBLE:
        return integer || was->kind == DWI_FLOAT;
    case DWI_TIMESTAMP_NTZ:
        return was->kind == DWI_DATE;
    case DWI_DECIMAL:
        if (was->kind == DWI_DECIMAL)
            return is->scale >= was->scale &&
                   is->precision - is->scale >= was->precision - was->scale;
        return (integer || was->kind == DWI_LONG) && is->precision - is->scale >= digits[was->kind];
    default:
        return false;
    }
}

static dw_status compare_fields(comparison *c, const dwi_type *was, const dwi_type *is);

static dw_status compare_types(comparison *c, dwi_sv name, const dwi_type *was, const dwi_type *is)
{
    size_t len = c->path_len;
    dw_status status;
    int added;

    if (was->kind == is->kind && was->n_fields > 0) {
        added = snprintf(c->path + len, MAX_PATH - len, "%.*s.", DWI_SV_ARG(name));
        c->path_len = added < 0 || len + (size_t)added >= MAX_PATH ? len : len + (size_t)added;
        status = compare_fields(c, was, is);
        c->path_len = len;
        return status;
    }
    if (dwi_type_equal(was, is))
        return DW_OK;
    status = clash(c, name, "changed the type of column");
    if (!is_wider(was, is))
        return status;
    c->widened = true;
    return DW_OK;
}

static dw_status compare_field(comparison *c, const dwi_field *was, const dwi_type *type)
{
    int at = dwi_type_find(type, was->name);
    const dwi_field *is;
    dw_status status;
    bool same;

    if (at < 0)
        return clash(c, was->name, "dropped the column");
    is = &type->fields[at];
    if (!dwi_sv_eq(is->name, was->name))
        return clash(c, was->name, "renamed the column");
    if (was->nullable && !is->nullable)
        return clash(c, was->name, "set NOT NULL for column");
    DWI_TRY(same_duties(c, is->name, was->metadata_json, is->metadata_json, false, &same));
    if (!same)
        DWI_TRY(clash(c, was->name, "changed the metadata of column"));
    DWI_TRY(compare_types(c, was->name, was->type, is->type));
done:
    return status;
}

/* Our files lack the field, so readers see nulls in it: that must be allowed, and nothing may ask
 * for a value instead (a default, a generation expression). */
static dw_status check_new_field(comparison *c, const dwi_field *is)
{
    bool plain;
    dw_status status;

    if (!is->nullable)
        return clash(c, is->name, "added the NOT NULL column");
    status = same_duties(c, is->name, DWI_SV("{}"), is->metadata_json, true, &plain);
    if (status == DW_OK && !plain)
        return clash(c, is->name, "added, with metadata that binds writers, the column");
    return status;
}

static dw_status compare_fields(comparison *c, const dwi_type *was, const dwi_type *is)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < was->n_fields; i++)
        DWI_TRY(compare_field(c, &was->fields[i], is));
    for (size_t i = 0; i < is->n_fields; i++)
        if (dwi_type_find(was, is->fields[i].name) < 0)
            DWI_TRY(check_new_field(c, &is->fields[i]));
done:
    return status;
}

dw_status dwi_conflict_check_schema(const dwi_state *base, const dwi_state *latest,
                                    bool *out_restage, dw_error *err)
{
    comparison c = {.latest = latest};
    dw_error found = DW_ERROR_INIT; /* what is said of a widened type is kept for the end */
    dwi_mapping_mode mode = DWI_MAPPING_NONE;
    dw_status status;

    c.err = &found;
    *out_restage = false;
    dwi_arena_init(&c.arena, base->arena.alloc);
    DWI_TRY(dwi_mapping_mode_of(latest->metadata.configuration, &mode, &found));
    c.mapped = mode != DWI_MAPPING_NONE;
    DWI_TRY(dwi_mapping_mode_of(base->metadata.configuration, &mode, &found));
    c.mapping_came = c.mapped && mode == DWI_MAPPING_NONE;
    if (dwi_sv_eq(base->metadata.schema_string, latest->metadata.schema_string))
        goto done;
    DWI_TRY(compare_fields(&c, base->schema->root, latest->schema->root));
    *out_restage = c.widened;
    if (c.widened)
        status = DW_E_CONFLICT;
done:
    if (status != DW_OK && err != NULL)
        *err = found;
    dwi_arena_done(&c.arena);
    return status;
}
