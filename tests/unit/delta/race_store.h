/* SPDX-License-Identifier: Apache-2.0 */
/* A store around a fixture's memory store that races and loses replies by script: one step for each
 * conditional put, in order; after the last step everything passes. */
#ifndef DWT_RACE_STORE_H
#define DWT_RACE_STORE_H

#include "log_fixture.h"

#include "store/store_impl.h"

typedef enum race_reply {
    RACE_PASS = 0,
    RACE_LOSE_REPLY = 1, /* it takes effect, the caller gets DW_E_UNKNOWN */
    RACE_DROP = 2,       /* nothing happens, the caller gets DW_E_UNKNOWN */
    RACE_DENY = 3        /* nothing happens, the caller gets DW_E_DENIED */
} race_reply;

typedef struct race_step {
    const char *winner; /* put under the same key just before, NULL: none */
    race_reply reply;
    int failing_gets;        /* so many reads fail after it */
    const char *late_winner; /* put under the same key just after it */
} race_step;

typedef struct race {
    dw_store *inner; /* borrowed */
    const race_step *steps;
    size_t n_steps;
    bool repeat_last;
    size_t puts;        /* conditional puts seen */
    const char *hidden; /* keys with it are not listed, though they are there; NULL: none */
    int failing_gets;
    char keys[64][96]; /* of conditional puts */
} race;

static dw_status race_put(void *self, const char *key, dw_bytes body, int mode, dw_error *err)
{
    race *r = self;
    dw_store *in = r->inner;
    race_step step = {0};
    dw_status status = DW_OK;

    if (mode != DW_PUT_IF_ABSENT)
        return in->ops.put(in->self, key, body, mode, err);
    if (r->puts < r->n_steps)
        step = r->steps[r->puts];
    else if (r->repeat_last && r->n_steps > 0)
        step = r->steps[r->n_steps - 1];
    (void)snprintf(r->keys[r->puts % 64], sizeof(r->keys[0]), "%s", key);
    r->puts++;
    if (step.winner != NULL)
        (void)in->ops.put(in->self, key, (dw_bytes){step.winner, strlen(step.winner)},
                          DW_PUT_IF_ABSENT, NULL);
    if (step.reply == RACE_DENY)
        return dwi_err(err, DW_E_DENIED, "denied by script");
    if (step.reply != RACE_DROP)
        status = in->ops.put(in->self, key, body, mode, err);
    if (step.late_winner != NULL)
        (void)in->ops.put(in->self, key, (dw_bytes){step.late_winner, strlen(step.late_winner)},
                          DW_PUT_IF_ABSENT, NULL);
    r->failing_gets += step.failing_gets;
    if (step.reply != RACE_PASS)
        return dwi_err(err, DW_E_UNKNOWN, "reply lost by script");
    return status;
}

static dw_status race_get(void *self, const char *key, dw_range range, dw_sink sink, dw_error *err)
{
    race *r = self;

    if (r->failing_gets > 0) {
        r->failing_gets--;
        return dwi_err_sys(err, DW_E_IO, 500, true, "no answer by script");
    }
    return r->inner->ops.get(r->inner->self, key, range, sink, err);
}

typedef struct race_lister {
    const char *hidden;
    dw_lister_fn *each;
    void *ctx;
} race_lister;

static dw_status race_see(void *ctx, const dw_object *object, dw_error *err)
{
    const race_lister *l = ctx;

    return strstr(object->key, l->hidden) != NULL ? DW_OK : l->each(l->ctx, object, err);
}

static dw_status race_list(void *self, const char *prefix, const char *after, dw_lister_fn *each,
                           void *ctx, dw_error *err)
{
    race *r = self;
    race_lister some = {r->hidden, each, ctx};

    if (r->hidden == NULL)
        return r->inner->ops.list(r->inner->self, prefix, after, each, ctx, err);
    return r->inner->ops.list(r->inner->self, prefix, after, race_see, &some, err);
}

static dw_status race_head(void *self, const char *key, dw_object *out, dw_error *err)
{
    race *r = self;

    return r->inner->ops.head(r->inner->self, key, out, err);
}

static dw_status race_remove(void *self, const char *key, dw_error *err)
{
    race *r = self;

    return r->inner->ops.remove(r->inner->self, key, err);
}

static void race_destroy(void *self)
{
    (void)self;
}

/* Puts the script between the fixture's log and its store; undone by race_stop(). */
static FIXTURE_UNUSED void race_start(race *r, fixture *f, const race_step *steps, size_t n_steps)
{
    static dw_store_vtable vtable = {
        .struct_size = sizeof(vtable),
        .caps = DW_CAP_PUT_IF_ABSENT,
        .get = race_get,
        .put = race_put,
        .list = race_list,
        .head = race_head,
        .remove = race_remove,
        .destroy = race_destroy,
    };
    dw_store_options opts = DW_STORE_OPTIONS_INIT;

    memset(r, 0, sizeof(*r));
    r->inner = f->store;
    r->steps = steps;
    r->n_steps = n_steps;
    opts.retry_timeout_ms = -1;
    DWT_OK(dw_store_new(&vtable, r, "race:", &opts, &f->log.store, &f->err), &f->err);
    dwi_store_set_env(f->log.store, &f->env.base);
}

static FIXTURE_UNUSED void race_stop(fixture *f)
{
    dw_store_unref(f->log.store);
    f->log.store = f->store;
}

#endif
