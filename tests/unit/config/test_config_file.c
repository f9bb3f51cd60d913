/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/file_node.h"
#include "config/node_json.h"

static char *const environment[] = {"WHO=me", "NOTHING=", NULL};

/* The file, read and shown as JSON; or the problem, from behind the file's name. */
static void reads_as(const char *yaml, const char *want)
{
    char path[] = "config-test-XXXXXX";
    int fd = mkstemp(path);
    struct textbuf problem = {0};
    struct textbuf json = {0};
    struct file_node *root;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, yaml, strlen(yaml)), (ssize_t)strlen(yaml));
    (void)close(fd);
    root = yaml_read(path, (char **)(uintptr_t)environment, &problem);
    (void)unlink(path);
    if (root != NULL) {
        node_to_json(root, &json);
        assert_string_equal(json.text, want);
        assert_int_equal(problem.len, 0);
    } else {
        assert_non_null(problem.text);
        assert_string_equal(problem.text + strlen(path), want);
    }
    node_free(root);
    textbuf_done(&problem);
    textbuf_done(&json);
}

static void texts_lists_and_mappings_are_read(void **state)
{
    (void)state;
    reads_as("a: 1\nb: [x, \"2\", true]\nc: {d: -1.5e3, e: 'no'}\n",
             "{\"a\":1,\"b\":[\"x\",\"2\",true],\"c\":{\"d\":-1.5e3,\"e\":\"no\"}}");
    reads_as("a:\n- b: |\n    two\n    lines\n- c: >-\n    one\n    line\n",
             "{\"a\":[{\"b\":\"two\\nlines\\n\"},{\"c\":\"one line\"}]}");
    reads_as("a:\nb: ~\nc: \"\"\nd: null\ne: 'null'\n",
             "{\"a\":null,\"b\":null,\"c\":\"\",\"d\":null,\"e\":\"null\"}");
    reads_as("a: 010\nb: 1_000\nc: 0x10\nd: .5\n",
             "{\"a\":\"010\",\"b\":\"1_000\",\"c\":\"0x10\",\"d\":\".5\"}");
}

static void variables_are_replaced_in_values(void **state)
{
    (void)state;
    reads_as("a: ${WHO}\nb: \"${WHO} too\"\nc: ${NOTHING}\nd: ${NOTHING:-5}\n",
             "{\"a\":\"me\",\"b\":\"me too\",\"c\":\"\",\"d\":5}");
    reads_as("a: ok\nb:\n  c: ${NOBODY}\n",
             ":3: ${NOBODY}: the variable is not set; ${NOBODY:-TEXT} has a default");
}

static void anchors_and_merges_work(void **state)
{
    (void)state;
    reads_as("x: &x {a: 1, b: 2}\ny:\n  b: 3\n  <<: *x\nz: *x\n",
             "{\"x\":{\"a\":1,\"b\":2},\"y\":{\"b\":3,\"a\":1},\"z\":{\"a\":1,\"b\":2}}");
    reads_as("x: &x {a: 1}\nw: &w {a: 2, b: 2}\ny: {<<: [*x, *w]}\n",
             "{\"x\":{\"a\":1},\"w\":{\"a\":2,\"b\":2},\"y\":{\"a\":1,\"b\":2}}");
    reads_as("y: {<<: 5}\n", ":1: <<: takes a mapping, or a list of them");
}

static void mistakes_name_the_line(void **state)
{
    (void)state;
    reads_as("a: 1\nb: 2\na: 3\n", ":3: a: is given twice; first in line 1");
    reads_as("a:\n  b: 1\n  b: 1\n", ":3: b: is given twice; first in line 2");
    reads_as("a: [1, 2\nb: 3\n", ":2:2: did not find expected ',' or ']' while parsing a flow "
                                 "sequence");
    reads_as("a: 1\n\tb: 2\n",
             ":2:1: found a tab character that violates indentation while scanning a plain scalar");
    reads_as("a: *nobody\n", ":1:4: found undefined alias");
    reads_as("a: 1\n---\nb: 2\n", ":3: a second document begins; one is enough");
    reads_as("- a\n", ":1: is not a mapping of settings, NAME: VALUE");
    reads_as("just text\n", ":1: is not a mapping of settings, NAME: VALUE");
    reads_as("", ": has no settings");
    reads_as("# nothing\n", ": has no settings");
    reads_as("? [a]\n: b\n", ":1: a name must be a text");
    reads_as("a: \"x\\0y\"\n", ":1: has a NUL character");
}

static void a_file_that_refers_to_itself_again_and_again_is_refused(void **state)
{
    struct textbuf yaml = {0};

    (void)state;
    reads_as("a: &a [*a]\n", ":1: is too deep, or refers to too much again");
    textbuf_puts(&yaml, "x0: &x0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n");
    for (int i = 1; i < 9; i++) {
        textbuf_printf(&yaml, "x%d: &x%d [", i, i);
        for (int j = 0; j < 10; j++)
            textbuf_printf(&yaml, "%s*x%d", j == 0 ? "" : ",", i - 1);
        textbuf_puts(&yaml, "]\n");
    }
    reads_as(yaml.text, ":1: is too deep, or refers to too much again");
    textbuf_done(&yaml);
}

static void a_file_that_is_not_there_is_told(void **state)
{
    struct textbuf problem = {0};

    (void)state;
    assert_null(yaml_read("/no/such/file.yaml", (char **)(uintptr_t)environment, &problem));
    assert_string_equal(problem.text, "/no/such/file.yaml: No such file or directory");
    textbuf_clear(&problem);
    assert_null(yaml_read("/", (char **)(uintptr_t)environment, &problem));
    assert_string_equal(problem.text, "/: Is a directory");
    textbuf_done(&problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_lists_and_mappings_are_read),
        cmocka_unit_test(variables_are_replaced_in_values),
        cmocka_unit_test(anchors_and_merges_work),
        cmocka_unit_test(mistakes_name_the_line),
        cmocka_unit_test(a_file_that_refers_to_itself_again_and_again_is_refused),
        cmocka_unit_test(a_file_that_is_not_there_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
