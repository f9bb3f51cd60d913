/* SPDX-License-Identifier: Apache-2.0 */
/* Which protocol features we understand, for reading and for appending. Legacy versions are judged
 * by what is active in metadata, never by the number alone.
 * Spec: Delta PROTOCOL.md, "Table Features", "Valid Feature Names". */
#ifndef DWI_DELTA_FEATURES_H
#define DWI_DELTA_FEATURES_H

#include "delta/state.h"

typedef enum dwi_support {
    DWI_SUPPORT_YES = 0,      /* done, or it obliges to nothing */
    DWI_SUPPORT_INACTIVE = 1, /* only while the table's metadata does not use it */
    DWI_SUPPORT_NO = 2
} dwi_support;

typedef struct dwi_feature {
    const char *name;
    int32_t legacy_writer;  /* lowest writer version that implies it, 0: none */
    int32_t legacy_reader;  /* lowest reader version that implies it, 0: none */
    bool reader;            /* readers have to know it too */
    int log;                /* dwi_support: replay the log (asked of reader features only) */
    int scan;               /* dwi_support: read rows */
    int append;             /* dwi_support: add rows */
    const char *switch_key; /* property that turns it on when it is "true", NULL: none */
    const char *needs;      /* features that must be listed with it, NULL: none */
    const char *needs_too;
} dwi_feature;

/* The one list of names; all others are unknown, and refused where they bind. */
const dwi_feature *dwi_features_table(size_t *out_n);
const dwi_feature *dwi_features_find(dwi_sv name);

/* DW_E_UNSUPPORTED names the feature or version. */
dw_status dwi_features_check_log(const dwi_protocol *protocol, dw_error *err); /* replay the log */
dw_status dwi_features_check_scan(const dwi_state *state, dw_error *err);      /* read rows */
dw_status dwi_features_check_append(const dwi_state *state, dw_error *err);    /* add rows */
/* Move rows from file to file: as above, but rules for new rows and their values bind nobody. */
dw_status dwi_features_check_rewrite(const dwi_state *state, dw_error *err);
/* Write a checkpoint, which must not lose what an unknown feature keeps in actions. */
dw_status dwi_features_check_checkpoint(const dwi_state *state, dw_error *err);

/* Remove files that no version needs: every writer feature must be one whose files we know, and
 * nobody else may be in charge of the table's versions. */
dw_status dwi_features_check_vacuum(const dwi_state *state, dw_error *err);
/* Make files of an older version live again: asked of both states. What rows must be like does not
 * matter, they were that already. */
dw_status dwi_features_check_restore(const dwi_state *state, dw_error *err);

/* minWriterVersion is one that we know. */
dw_status dwi_features_check_writer_version(const dwi_protocol *protocol, dw_error *err);

/* May a column of this type be added to the table? Types that old readers do not know need a table
 * feature; DW_E_UNSUPPORTED names it. */
dw_status dwi_features_check_column(const dwi_protocol *protocol, dwi_sv name, const dwi_type *type,
                                    dw_error *err);

/* The same for a schema that takes the place of another: what it needs and that did not. */
dw_status dwi_features_check_schema(const dwi_protocol *protocol, const dwi_type *was,
                                    const dwi_type *is, dw_error *err);

/* The lowest protocol for a new table; DW_E_UNSUPPORTED names a property or type we refuse,
 * DW_E_ARG a malformed value. */
dw_status dwi_features_for_new_table(dwi_arena *arena, const dwi_type *schema, dwi_kvs properties,
                                     dwi_protocol *out, dw_error *err);
/* The protocol of a table that gets a schema and properties (all of them, and the requests among
 * them) after `from`: never lower, with every feature that `from` implied. *out_changed: it differs
 * from `from`. Errors as for a new table. */
dw_status dwi_features_upgrade(dwi_arena *arena, const dwi_protocol *from, const dwi_type *schema,
                               dwi_kvs properties, dwi_kvs requests, dwi_protocol *out,
                               bool *out_changed, dw_error *err);
/* Keys that only ask for a protocol ("delta.feature.NAME", "delta.minReaderVersion") and are not
 * stored in metadata. */
bool dwi_features_is_request(dwi_sv key);
/* Listed, or implied by a legacy writer version. */
bool dwi_features_has_writer(const dwi_protocol *protocol, const char *feature);

/* The lowest protocol that has all that both have and is no lower than either: for an older version
 * that becomes the newest. *out_changed: it differs from `from`. */
dw_status dwi_features_merge(dwi_arena *arena, const dwi_protocol *from, const dwi_protocol *older,
                             dwi_protocol *out, bool *out_changed, dw_error *err);

#endif
