/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a commit: no crash, no leak, and what was understood of it is understood again when
 * we write it; a checkpoint of what it gives can be written and read. */
#include "fuzz_log.h"

static dw_status write_again(void *ctx, const dwi_action *action, dw_error *err)
{
    dwi_buf text;
    dwi_arena arena;
    dwi_action again;

    (void)ctx;
    if (action->kind == DWI_ACTION_UNKNOWN || action->kind == DWI_ACTION_COMMIT_INFO ||
        action->kind == DWI_ACTION_CDC || action->kind == DWI_ACTION_CHECKPOINT_METADATA)
        return DW_OK;
    dwi_buf_init(&text, dwi_alloc_default());
    dwi_arena_init(&arena, dwi_alloc_default());
    dwi_action_append(&text, action);
    if (text.failed ||
        dwi_action_parse(&arena, (dwi_sv){(const char *)text.data, text.len - 1}, "again", &again,
                         err) != DW_OK ||
        again.kind != action->kind)
        abort();
    dwi_arena_done(&arena);
    dwi_buf_done(&text);
    return DW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char key[] = "_delta_log/00000000000000000001.json";
    dwi_state *state = NULL;
    int64_t files;
    int64_t again;
    fuzz_log f;

    fuzz_log_open(&f);
    fuzz_put(&f, key, data, size);
    (void)dwi_log_visit_commit(&f.log, 1, ~0u, write_again, NULL, NULL);
    if (fuzz_read_table(&f, &files) == 1 && dwi_state_load(&f.log, 1, &state, NULL) == DW_OK &&
        dwi_checkpoint_write(&f.log, state, NULL) == DW_OK) {
        if (dwi_store_remove(f.store, "_delta_log/00000000000000000000.json", NULL) != DW_OK ||
            fuzz_read_table(&f, &again) != 1 || again != files)
            abort();
    }
    dwi_state_unref(state);
    fuzz_log_close(&f);
    return 0;
}
