/* SPDX-License-Identifier: Apache-2.0 */
#include "config/run_check.h"

#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "common/setting_text.h"
#include "config/config_layers.h"

static bool fail(const struct config *config, const char *path, const char *reason,
                 struct textbuf *problem)
{
    origin_name(config, path, problem);
    textbuf_printf(problem, ": %s", reason);
    return false;
}

/* A pattern may match any. */
static bool is_read(const struct config *config, const char *topic)
{
    for (size_t i = 0; i < config->n_sources; i++) {
        const struct source_config *source = &config->sources[i];

        if (source->topic_regex != NULL)
            return true;
        for (size_t j = 0; j < source->topics.count; j++) {
            if (strcmp(source->topics.items[j], topic) == 0)
                return true;
        }
    }
    return false;
}

static bool is_offset(const cJSON *item)
{
    int64_t partition;

    return text_to_whole(item->string, &partition) && partition <= INT32_MAX &&
           cJSON_IsNumber(item) && item->valuedouble >= 0 &&
           item->valuedouble == (double)(int64_t)item->valuedouble;
}

/* What is wrong with {"TOPIC": {"0": 123}}; nothing is added when nothing is. */
static void judge_offsets(const struct config *config, const char *file, const cJSON *root,
                          struct textbuf *why)
{
    const cJSON *topic;
    const cJSON *item;

    if (!cJSON_IsObject(root) || root->child == NULL) {
        textbuf_printf(why, "%s: is not JSON such as {\"TOPIC\": {\"0\": 123}}", file);
        return;
    }
    cJSON_ArrayForEach(topic, root)
    {
        if (!is_read(config, topic->string)) {
            textbuf_printf(why, "%s: no source reads the topic %s", file, topic->string);
            return;
        }
        if (!cJSON_IsObject(topic)) {
            textbuf_printf(why, "%s: %s: takes offsets by partition, {\"0\": 123}", file,
                           topic->string);
            return;
        }
        cJSON_ArrayForEach(item, topic)
        {
            if (is_offset(item))
                continue;
            textbuf_printf(why, "%s: %s: \"%s\" is no partition with an offset", file,
                           topic->string, item->string);
            return;
        }
    }
}

static bool check_offsets(const struct config *config, const char *path, const char *file,
                          struct textbuf *problem)
{
    struct textbuf why = {0};
    char *text;
    cJSON *root;

    if (file == NULL)
        return true;
    text = secret_from_file(file, &why);
    if (text != NULL) {
        root = cJSON_Parse(text);
        judge_offsets(config, file, root, &why);
        cJSON_Delete(root);
        free(text);
    }
    if (why.len > 0)
        (void)fail(config, path, why.text, problem);
    textbuf_done(&why);
    return problem->len == 0;
}

bool run_check(const struct config *config, struct textbuf *problem)
{
    const struct run_config *run = &config->run;

    if (run->start == START_TIMESTAMP && run->until_timestamp_ms >= 0 &&
        run->until_timestamp_ms <= run->start_timestamp_ms)
        return fail(config, "run.until_timestamp", "is not after run.from", problem);
    return check_offsets(config, "run.from", run->start == START_OFFSETS ? run->start_file : NULL,
                         problem) &&
           check_offsets(config, "run.until_offsets", run->until_offsets_file, problem);
}
