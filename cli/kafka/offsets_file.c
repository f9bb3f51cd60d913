/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/offsets_file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

struct offsets_file {
    cJSON *root;
};

static bool read_all(const char *path, struct textbuf *out, struct textbuf *problem)
{
    FILE *file = fopen(path, "rb");
    char piece[4096];
    size_t n;
    bool ok;

    if (file == NULL) {
        textbuf_printf(problem, "%s: %s", path, strerror(errno));
        return false;
    }
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
        textbuf_add(out, piece, n);
    ok = ferror(file) == 0;
    if (!ok)
        textbuf_printf(problem, "%s: cannot be read", path);
    (void)fclose(file);
    return ok;
}

/* Offsets are below 2^53 for thousands of years of any topic: a double has them exactly. */
static bool is_offset(const cJSON *value)
{
    return cJSON_IsNumber(value) && value->valuedouble >= 0 && value->valuedouble < 9e15 &&
           value->valuedouble == (double)(int64_t)value->valuedouble;
}

static bool is_partition(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len < 10 && strspn(name, "0123456789") == len;
}

static bool check(const cJSON *root, const char *path, struct textbuf *problem)
{
    const cJSON *topic = NULL;
    const cJSON *offset = NULL;

    if (!cJSON_IsObject(root)) {
        textbuf_printf(problem, "%s: not an object of topics", path);
        return false;
    }
    cJSON_ArrayForEach(topic, root)
    {
        if (!cJSON_IsObject(topic)) {
            textbuf_printf(problem, "%s: topic %s: not an object of partitions", path,
                           topic->string);
            return false;
        }
        cJSON_ArrayForEach(offset, topic)
        {
            if (is_partition(offset->string) && is_offset(offset))
                continue;
            textbuf_printf(problem, "%s: topic %s: \"%s\" is not a partition with an offset", path,
                           topic->string, offset->string);
            return false;
        }
    }
    return true;
}

struct offsets_file *offsets_file_read(const char *path, struct textbuf *out_problem)
{
    struct textbuf text = {0};
    struct offsets_file *file;
    cJSON *root = NULL;

    if (read_all(path, &text, out_problem)) {
        root = cJSON_ParseWithOpts(text.text == NULL ? "" : text.text, NULL, 1);
        if (root == NULL)
            textbuf_printf(out_problem, "%s: not JSON", path);
    }
    textbuf_done(&text);
    if (root == NULL || !check(root, path, out_problem)) {
        cJSON_Delete(root);
        return NULL;
    }
    file = need_alloc(1, sizeof(*file));
    file->root = root;
    return file;
}

void offsets_file_free(struct offsets_file *file)
{
    if (file == NULL)
        return;
    cJSON_Delete(file->root);
    free(file);
}

int64_t offsets_file_find(const struct offsets_file *file, const char *topic, int32_t partition)
{
    char number[16];
    const cJSON *found;

    (void)snprintf(number, sizeof(number), "%" PRId32, partition);
    found = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(file->root, topic),
                                             number);
    return found == NULL ? -1 : (int64_t)found->valuedouble;
}
