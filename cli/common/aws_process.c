/* SPDX-License-Identifier: Apache-2.0 */
#include "common/aws_process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cJSON.h>

#include "common/memory.h"
#include "common/setting_text.h"

enum { MOST_BYTES = 64 * 1024 };

static dw_status fail(dw_error *err, dw_status code, const char *reason)
{
    if (err != NULL) {
        *err = (dw_error){.code = code};
        (void)snprintf(err->message, sizeof(err->message), "credential_process: %s", reason);
    }
    return code;
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static dw_status give(const char *text, dw_keys_sink sink, dw_error *err)
{
    cJSON *object = cJSON_Parse(text);
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(object, "Version");
    const char *expiration = text_of(object, "Expiration");
    dw_keys keys = DW_KEYS_INIT;
    dw_status status;

    keys.access_key_id = text_of(object, "AccessKeyId");
    keys.secret_access_key = text_of(object, "SecretAccessKey");
    keys.session_token = text_of(object, "SessionToken");
    if (!cJSON_IsObject(object))
        status = fail(err, DW_E_CORRUPT, "what it prints is no JSON object");
    else if (!cJSON_IsNumber(version) || version->valueint != 1)
        status = fail(err, DW_E_UNSUPPORTED, "what it prints is not of Version 1");
    else if (keys.access_key_id == NULL || keys.secret_access_key == NULL)
        status = fail(err, DW_E_CORRUPT, "what it prints has no AccessKeyId or SecretAccessKey");
    else if (expiration != NULL && !text_to_time(expiration, &keys.expires_ms))
        status = fail(err, DW_E_CORRUPT, "its Expiration is no time");
    else
        status = sink.give(sink.ctx, &keys, err);
    cJSON_Delete(object);
    return status;
}

/* The shell is what the AWS tools take too. */
static dw_status fetch(void *ctx, dw_keys_sink sink, dw_error *err)
{
    const char *command = ctx;
    FILE *pipe = popen(command, "r");
    char *text;
    size_t len;
    int code;
    dw_status status;

    if (pipe == NULL)
        return fail(err, DW_E_IO, strerror(errno));
    text = need_alloc(MOST_BYTES + 1, 1);
    len = fread(text, 1, MOST_BYTES, pipe);
    text[len] = '\0';
    code = pclose(pipe);
    if (code == -1 || !WIFEXITED(code) || WEXITSTATUS(code) != 0)
        status = fail(err, DW_E_DENIED, "the program failed; what it said is above");
    else
        status = give(text, sink, err);
    memset(text, 0, len);
    free(text);
    return status;
}

dw_status aws_process_open(const char *command, dw_credentials **out_credentials, dw_error *err)
{
    char *copy = need_strdup(command);
    dw_status status = dw_credentials_new(fetch, copy, free, NULL, out_credentials, err);

    if (status != DW_OK)
        free(copy);
    return status;
}
