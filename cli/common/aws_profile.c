/* SPDX-License-Identifier: Apache-2.0 */
#include "common/aws_profile.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

/* Text without white space around it; cuts `text` itself. */
static char *trimmed(char *text)
{
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    *end = '\0';
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

/* "[name]" of either file, and "[profile name]" of the config file. */
static bool is_section(char *line, const char *name)
{
    size_t len = strlen(line);

    if (line[len - 1] == ']')
        line[len - 1] = '\0';
    line = trimmed(line + 1);
    if (strncmp(line, "profile", 7) == 0 && isspace((unsigned char)line[7]))
        line = trimmed(line + 7);
    return strcmp(line, name) == 0;
}

static void keep(char **slot, const char *value)
{
    if (*slot == NULL && value[0] != '\0')
        *slot = need_strdup(value);
}

static const struct member {
    const char *key;
    size_t offset;
} members[] = {
    {"aws_access_key_id", offsetof(struct aws_profile, access_key_id)},
    {"aws_secret_access_key", offsetof(struct aws_profile, secret_access_key)},
    {"aws_session_token", offsetof(struct aws_profile, session_token)},
    {"region", offsetof(struct aws_profile, region)},
    {"role_arn", offsetof(struct aws_profile, role_arn)},
    {"source_profile", offsetof(struct aws_profile, source_profile)},
    {"credential_source", offsetof(struct aws_profile, credential_source)},
    {"external_id", offsetof(struct aws_profile, external_id)},
    {"role_session_name", offsetof(struct aws_profile, role_session_name)},
    {"web_identity_token_file", offsetof(struct aws_profile, web_identity_token_file)},
    {"credential_process", offsetof(struct aws_profile, credential_process)},
};

static void take_pair(struct aws_profile *out, char *line)
{
    char *equals = strchr(line, '=');
    const char *key;
    const char *value;

    if (equals == NULL)
        return;
    *equals = '\0';
    key = trimmed(line);
    value = trimmed(equals + 1);
    if (strncmp(key, "sso_", 4) == 0)
        out->sso = true;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (strcmp(key, members[i].key) == 0)
            keep((char **)(void *)((char *)out + members[i].offset), value);
    }
}

/* A file named by the user must be there; the usual ones may be missing. */
static bool read_file(const char *given, const char *home, const char *usual, const char *name,
                      struct aws_profile *out, bool *found, struct textbuf *problem)
{
    struct textbuf path = {0};
    char *line = NULL;
    size_t cap = 0;
    bool inside = false;
    FILE *file;

    if (given != NULL)
        textbuf_puts(&path, given);
    else
        textbuf_printf(&path, "%s%s", home == NULL ? "" : home, usual);
    file = fopen(path.text, "r");
    if (file == NULL && given != NULL)
        textbuf_printf(problem, "%s: %s", given, strerror(errno));
    textbuf_done(&path);
    if (file == NULL)
        return given == NULL;
    while (getline(&line, &cap, file) >= 0) {
        char *text = trimmed(line);
        if (text[0] == '[') {
            inside = is_section(text, name);
            *found = *found || inside;
        } else if (inside && text[0] != '#' && text[0] != ';') {
            take_pair(out, text);
        }
    }
    free(line);
    (void)fclose(file);
    return true;
}

bool aws_profile_load(const char *name, const char *credentials_file, const char *config_file,
                      const char *home, struct aws_profile *out, struct textbuf *problem)
{
    const char *wanted = name == NULL ? "default" : name;
    bool found = false;

    *out = (struct aws_profile){.name = need_strdup(wanted)};
    if (!read_file(credentials_file, home, "/.aws/credentials", wanted, out, &found, problem) ||
        !read_file(config_file, home, "/.aws/config", wanted, out, &found, problem))
        goto failed;
    if (name != NULL && !found) {
        textbuf_printf(problem, "AWS_PROFILE: there is no profile \"%s\"", name);
        goto failed;
    }
    if ((out->access_key_id == NULL) != (out->secret_access_key == NULL)) {
        textbuf_printf(problem, "profile %s: has only half of a key pair", wanted);
        goto failed;
    }
    return true;
failed:
    aws_profile_done(out);
    return false;
}

void aws_profile_done(struct aws_profile *profile)
{
    free(profile->name);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        free(*(char **)(void *)((char *)profile + members[i].offset));
    *profile = (struct aws_profile){0};
}
