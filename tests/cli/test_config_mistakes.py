#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each mistake in the configuration of deltawrite-kafka gets one line, which names where it is and what to do, and
exit code 78, before anything is contacted."""
import os
import subprocess
import tempfile
import unittest

KAFKA = os.environ["DELTAWRITE_KAFKA"]
CLEAN = {k: v for k, v in os.environ.items()
         if not k.startswith(("AWS_", "KAFKA_", "DELTA", "BATCH_", "LOG_", "HTTP_"))}
K = "kafka: {brokers: 'b:9092', group: g}\n"
S = "sources: [{topics: t}]\n"
T = "tables: [{uri: /data/t}]\n"


def source(text):
    return K + "sources:\n- topics: t\n  " + text + "\n" + T


def table(text):
    return K + S + "tables:\n- uri: /data/t\n  " + text + "\n"


def kafka(text):
    return "kafka:\n  brokers: 'b:9092'\n  group: g\n  " + text + "\n" + S + T


def two(sources, tables):
    return K + "sources: [%s]\ntables: [%s]\n" % (sources, tables)


# name: (YAML or None, variables, the whole line behind the program's name). In YAML, variables and lines FILE is a file
# that is there, DIR its folder, CONF the YAML.
CASES = {
    # the file
    "no_file": (None, {"DELTAWRITE_CONFIG": "DIR/none.yaml"},
        "DIR/none.yaml: No such file or directory"),
    "a_folder_as_file": (None, {"DELTAWRITE_CONFIG": "DIR"},
        "DIR: Is a directory"),
    "empty_file": ("", {},
        "CONF: has no settings"),
    "no_mapping": ("- a\n", {},
        "CONF:1: is not a mapping of settings, NAME: VALUE"),
    "syntax": ("kafka: {brokers: [\n", {},
        "CONF:2:1: did not find expected node content while parsing a flow node"),
    "variable_within_braces": ("kafka: {brokers: ${HOME}}\n", {},
        "CONF:1:19: did not find expected ',' or '}' while parsing a flow mapping; within braces ${...} wants quotes"),
    "tab": ("kafka:\n\tbrokers: x\n", {},
        "CONF:2:1: found character that cannot start any token while scanning for the next token"),
    "two_documents": (K+"---\na: 1\n", {},
        "CONF:3: a second document begins; one is enough"),
    "duplicate_key": (K+"log: info\nlog: debug\n", {},
        "CONF:3: log: is given twice; first in line 2"),
    "unknown_at_root": (K+"memory_limt: 1GiB\n", {},
        "CONF:2: memory_limt: there is no such setting; the nearest is memory_limit"),
    "unknown_at_root_that_is_elsewhere": ("brokers: x\n", {},
        "CONF:1: brokers: there is no such setting here, but kafka.brokers"),
    "unknown_far_from_all": (K+"zookeeper: x\n", {},
        "CONF:2: zookeeper: there is no such setting; there are kafka, memory_limit, min_commit_interval, run, "
        "http, log, storage, sources, tables, defaults, dlq, registry"),
    "unknown_in_section": ("kafka: {broker: x}\n", {},
        "CONF:1: kafka.broker: there is no such setting; the nearest is kafka.brokers"),
    "unknown_in_source": (source("formt: json"), {},
        "CONF:4: sources[0].formt: there is no such setting; the nearest is sources[0].format"),
    "unknown_in_table": (table("partition: day"), {},
        "CONF:5: tables[0].partition: there is no such setting; the nearest is tables[0].partition_by"),
    "unknown_in_flush": (table("flush: {row: 5}"), {},
        "CONF:5: tables[0].flush.row: there is no such setting; the nearest is tables[0].flush.rows"),
    "unknown_in_transform": (source("transforms: [{column: c, src: a}]"), {},
        "CONF:4: sources[0].transforms[0].src: there is no such setting; there are column, source, type, default, "
        "constant, epoch_unit, function, from, length"),
    "unknown_in_dlq": (K+"dlq: {tabel: x}\n", {},
        "CONF:2: dlq.tabel: there is no such setting; the nearest is dlq.table"),
    "name_in_defaults": (K+"defaults: {uri: /x}\n", {},
        "CONF:2: defaults.uri: there is no such setting here: it is of one source or table"),
    "section_as_text": ("kafka: b:9092\n", {},
        "CONF:1: kafka: takes a mapping of settings"),
    "section_as_list": (table("flush: [1]"), {},
        "CONF:5: tables[0].flush: takes a mapping of settings"),
    "text_as_mapping": (K+S+"tables: [{uri: {a: b}}]\n", {},
        "CONF:3: tables[0].uri: takes one value"),
    "text_without_value": ("kafka: {brokers: }\n"+S+T, {},
        "CONF:1: kafka.brokers: has no value"),
    "sources_as_mapping": (K+"sources: {topics: t}\n"+T, {},
        "CONF:2: sources: takes a list of mappings, - NAME: VALUE ..."),
    "sources_empty": (K+"sources: []\n"+T, {},
        "CONF:2: sources: is an empty list"),
    "source_as_text": (K+"sources: [t]\n"+T, {},
        "CONF:2: sources[0]: takes a mapping, NAME: VALUE"),
    "list_of_mappings": (table("partition_by: [{a: b}]"), {},
        "CONF:5: tables[0].partition_by: takes a list of texts that are not empty"),
    "pairs_as_list": (table("properties: [a]"), {},
        "CONF:5: tables[0].properties: takes a mapping, NAME: VALUE"),
    "variable_not_set": ("kafka: {brokers: '${NOT_SET}'}\n", {},
        "CONF:1: ${NOT_SET}: the variable is not set; ${NOT_SET:-TEXT} has a default"),
    "variable_form": ("kafka: {brokers: '${HOME:+x}'}\n", {},
        "CONF:1: ${HOME:+x}: is neither ${NAME} nor ${NAME:-TEXT}"),
    "variable_not_closed": ("kafka: {brokers: '${HOME'}\n", {},
        "CONF:1: ${HOME: has no closing brace ($$ is a dollar sign)"),
    # values
    "not_a_size": (K+"memory_limit: 1M\n"+S+T, {},
        "CONF:2: memory_limit: \"1M\" is not a size from 32MiB to 64TiB, such as 64MiB, 100MB or 1048576"),
    "size_too_small": (K+"memory_limit: 1MiB\n"+S+T, {},
        "CONF:2: memory_limit: \"1MiB\" is not a size from 32MiB to 64TiB, such as 64MiB, 100MB or 1048576"),
    "negative_size": (table("flush: {bytes: -5}"), {},
        "CONF:5: tables[0].flush.bytes: \"-5\" is not a size from 1 to 1TiB, such as 64MiB, 100MB or 1048576"),
    "memory_below_queue": (kafka("conf: {queued.max.messages.kbytes: 1000000}"), {},
        "CONF: memory_limit: is too small for what is fetched ahead (queued.max.messages.kbytes) and for batches: "
        "it must be at least 985MiB"),
    "not_a_time": (table("flush: {age: soon}"), {},
        "CONF:5: tables[0].flush.age: \"soon\" is not a time from 1ms to 24h, such as 500ms, 10s, 5m or 10 (seconds)"),
    "not_a_number": (table("flush: {rows: many}"), {},
        "CONF:5: tables[0].flush.rows: \"many\" is not a whole number from 1 to 100000000"),
    "number_out_of_range": (table("on_error: {stop_percent: 101}"), {},
        "CONF:5: tables[0].on_error.stop_percent: \"101\" is not a whole number from 1 to 100"),
    "not_a_bool": (table("create: perhaps"), {},
        "CONF:5: tables[0].create: \"perhaps\" is neither true nor false"),
    "not_a_choice": (source("format: xml"), {},
        "CONF:4: sources[0].format: \"xml\" is not one of json|json_schema|avro|protobuf|csv|raw"),
    "not_a_policy": (table("on_error: ignore"), {},
        "CONF:5: tables[0].on_error.policy: \"ignore\" is not one of table|topic|skip|fail"),
    "not_an_address": (K+"http: {listen: 8080}\n"+S+T, {},
        "CONF:2: http.listen: \"8080\" is neither HOST:PORT nor off"),
    "not_a_character": (source("format: csv\n  csv: {delimiter: ab}"), {},
        "CONF:5: sources[0].csv.delimiter: \"ab\" is not one ASCII character (tab: \\t)"),
    "not_a_moment": (K+"run: {until_timestamp: tomorrow}\n"+S+T, {},
        "CONF:2: run.until_timestamp: \"tomorrow\" is not a time such as 2026-01-31T08:00:00Z, or milliseconds "
        "since 1970"),
    "not_a_start": (K+"run: {from: sometimes}\n"+S+T, {},
        "CONF:2: run.from: \"sometimes\" is not one of earliest, latest, error, nor a time such as "
        "2026-01-31T08:00:00Z, nor a file of offsets (x.json)"),
    "offsets_file_missing": (K+"run: {from: DIR/none.json}\n"+S+T, {},
        "CONF:2: run.from: DIR/none.json: No such file or directory"),
    "offsets_file_content": (K+"run: {until_offsets: FILE}\n"+S+T, {},
        "CONF:2: run.until_offsets: FILE: is not JSON such as {\"TOPIC\": {\"0\": 123}}"),
    "offsets_of_another_topic": (K+"run: {from: DIR/offsets.json}\n"+S+T, {},
        "CONF:2: run.from: DIR/offsets.json: no source reads the topic orders"),
    "offsets_that_are_none": (K+"run: {from: DIR/offsets.json}\nsources: [{topics: orders}]\n"+T, {},
        "CONF:2: run.from: DIR/offsets.json: orders: \"1\" is no partition with an offset"),
    "until_before_from": (K+"run: {from: 2026-02-01, until_timestamp: 2026-01-01}\n"+S+T, {},
        "CONF:2: run.until_timestamp: is not after run.from"),
    "brokers_as_url": ("kafka: {brokers: 'http://b:9092', group: g}\n"+S+T, {},
        "CONF:1: kafka.brokers: is not HOST:PORT, with commas between brokers"),
    # sources and tables
    "no_brokers": ("kafka: {group: g}\n"+S+T, {},
        "CONF: kafka.brokers: is missing, and KAFKA_BOOTSTRAP_SERVERS is not set"),
    "no_group": ("kafka: {brokers: b}\n"+S+T, {},
        "CONF: kafka.group: is missing, and KAFKA_GROUP_ID is not set"),
    "no_topics": (K+"sources: [{format: json}]\n"+T, {},
        "CONF:2: sources[0].topics: is missing, and so is regex"),
    "topics_and_regex": (source("regex: x"), {},
        "CONF:4: sources[0].regex: is given, and so is topics; leave one of them out"),
    "topic_that_is_a_pattern": (K+"sources: [{topics: 'clicks-*'}]\n"+T, {},
        "CONF:2: sources[0].topics: \"clicks-*\" is no topic's name: 1 to 249 letters, digits, '.', '_' and '-' (a "
        "pattern goes into regex)"),
    "topic_twice": (K+"sources: [{topics: [a, a]}]\n"+T, {},
        "CONF:2: sources[0].topics: a is there twice"),
    "regex_does_not_compile": (K+"sources: [{regex: 'a(b'}]\n"+T, {},
        "CONF:2: sources[0].regex: Unmatched ( or \\("),
    "regex_of_perl": (K+"sources: [{regex: 'a\\d+'}]\n"+T, {},
        "CONF:2: sources[0].regex: is a POSIX extended regular expression: \\d is [0-9]"),
    "no_uri": (K+S+"tables: [{create: true}]\n", {},
        "CONF:3: tables[0].uri: is missing, and DELTA_TABLE_PATH is not set"),
    "no_such_store": (K+S+"tables: [{uri: 'gopher://x'}]\n", {},
        "CONF:3: tables[0].uri: gopher://x: no store for the scheme gopher"),
    "which_table": (two("{topics: t}", "{name: a, uri: /a}, {name: b, uri: /b}"), {},
        "CONF:2: sources[0].table: is missing, and there are 2 tables"),
    "no_such_table": (two("{topics: t, table: order}", "{name: orders, uri: /a}, {name: b, uri: /b}"), {},
        "CONF:2: sources[0].table: no table has the name order; the nearest is orders"),
    "table_without_name": (two("{topics: t, table: a}", "{name: a, uri: /a}, {uri: /b}"), {},
        "CONF:3: tables[1].name: is missing: sources name the table by it"),
    "tables_of_one_name": (two("{topics: t, table: a}", "{name: a, uri: /a}, {name: a, uri: /b}"), {},
        "CONF:3: tables[1].name: another table has this name"),
    "tables_at_one_place": (two("{topics: t, table: a}, {topics: u, table: b}",
        "{name: a, uri: 's3://b/x/'}, {name: b, "
        "uri: 's3a://b/x'}"), {},
        "CONF:3: tables[1].uri: another table is there: two would write the same offsets"),
    "table_without_source": (two("{topics: t, table: a}", "{name: a, uri: /a}, {name: b, uri: /b}"), {},
        "CONF:3: tables[1].name: no source writes to this table"),
    "dlq_is_a_table": (table("on_error: {table: /data/t}"), {},
        "CONF:5: tables[0].on_error.table: is a table of records; rejected ones need one of their own"),
    "dlq_topic_is_read": (table("on_error: {policy: topic, topic: t}"), {},
        "CONF:5: tables[0].on_error.topic: is a topic that is read: its records would come again for ever"),
    "dlq_topic_is_the_same": (table("on_error: {policy: topic, topic: '${topic}'}"), {},
        "CONF:5: tables[0].on_error.topic: is the topic that is read: its records would come again for ever"),
    "dlq_topic_name": (table("on_error: {policy: topic, topic: 'a b'}"), {},
        "CONF:5: tables[0].on_error.topic: is no topic's name"),
    "template_unknown": (K+S+"tables: [{uri: '/data/${tpoic}'}]\n", {},
        "CONF:3: tables[0].uri: ${tpoic}: is neither ${topic}, ${1}, ${header:NAME} nor ${field:PATH}; the nearest "
        "is ${topic}"),
    "template_group_without_regex": (K+S+"tables: [{uri: '/data/${1}'}]\n", {},
        "CONF:3: tables[0].uri: ${1}: a number is a group of the source's regex, which has none"),
    "template_group_too_many": (K+"sources: [{regex: 'a(.*)'}]\ntables: [{uri: '/data/${2}'}]\n", {},
        "CONF:3: tables[0].uri: ${2}: the source's regex has groups 1 to 1"),
    "template_in_dlq": (table("on_error: {table: '/d/${tpic}'}"), {},
        "CONF:5: tables[0].on_error.table: ${tpic}: is neither ${topic}, ${1}, ${header:NAME} nor ${field:PATH}; "
        "the nearest is ${topic}"),
    "partition_and_cluster": (table("partition_by: a\n  cluster_by: b"), {},
        "CONF:6: tables[0].cluster_by: is given, and so is partition_by: a table is one or the other"),
    "partition_column_missing": (table("schema: {id: long}\n  partition_by: day"), {},
        "CONF:6: tables[0].partition_by: partition column day: the schema has no such column"),
    "schema_type": (table("schema: {id: lng}"), {},
        "CONF:5: tables[0].schema: character 6: \"lng\" is no type, did you mean long?"),
    "schema_file_missing": (table("schema: DIR/none.json"), {},
        "CONF:5: tables[0].schema: DIR/none.json: No such file or directory"),
    "schema_no_json": (table("schema: '{\"type\": \"struct\"'"), {},
        "CONF:5: tables[0].schema: schema: JSON: ',' or '}' is expected at byte 17"),
    "property_value": (table("schema: {id: long}\n  properties: {delta.checkpointInterval: often}"), {},
        "CONF:6: tables[0].properties.delta.checkpointInterval: property delta.checkpointInterval: \"often\" is not "
        "an integer"),
    "flush_on_partition_change_without_partitions": (table("flush: {on_partition_change: true}"), {},
        "CONF:5: tables[0].flush.on_partition_change: needs partition_by, or create: false for a table that is there"),
    # records
    "avro_without_schema": (source("format: avro"), {},
        "CONF:4: sources[0].format: avro needs registry.url or schema_file"),
    "json_schema_without_registry": (source("format: json_schema"), {},
        "CONF:4: sources[0].format: json_schema needs registry.url"),
    "protobuf_without_descriptor": (source("format: protobuf"), {},
        "CONF:4: sources[0].format: protobuf needs registry.url or descriptor_file"),
    "protobuf_without_message": (source("format: protobuf\n  descriptor_file: FILE"), {},
        "CONF:5: sources[0].descriptor_file: needs message, the full name of the record's message"),
    "csv_without_columns": (source("format: csv"), {},
        "CONF:4: sources[0].format: csv needs csv.columns or csv.header: true"),
    "csv_setting_of_json": (source("csv: {header: true}"), {},
        "CONF:4: sources[0].csv.header: is for the format csv alone"),
    "schema_file_of_json": (source("schema_file: FILE"), {},
        "CONF:4: sources[0].schema_file: is for the format avro alone"),
    "schema_file_missing_2": (source("format: avro\n  schema_file: DIR/none.avsc"), {},
        "CONF:5: sources[0].schema_file: DIR/none.avsc cannot be read"),
    "registry_url": (source("registry: registry:8081"), {},
        "CONF:4: sources[0].registry.url: is not http://HOST:PORT or https://HOST:PORT"),
    "registry_user_without_password": (source("registry: {url: 'http://r', user: u}"), {},
        "CONF:4: sources[0].registry.user: needs registry.password too"),
    "registry_two_ways": (source("registry: {url: 'http://r', user: u, password: p, bearer_token: t}"), {},
        "CONF:4: sources[0].registry.bearer_token: is given, and so is registry.user; leave one of them out"),
    "registry_ca_file": (source("registry: {url: 'https://r', ca_file: DIR/none.pem}"), {},
        "CONF:4: sources[0].registry.ca_file: DIR/none.pem cannot be read"),
    "column_twice": (source("transforms: [{column: a}, {column: a}]"), {},
        "CONF:4: sources[0].transforms[1].column: another transform makes this column"),
    "column_without_name": (source("transforms: [{source: a}]"), {},
        "CONF:4: sources[0].transforms[0].column: is missing"),
    "constant_and_source": (source("transforms: [{column: a, source: b, constant: 1}]"), {},
        "CONF:4: sources[0].transforms[0].constant: is given, and so is source; leave one of them out"),
    "substring_of_what": (source("transforms: [{column: a, function: substring}]"), {},
        "CONF:4: sources[0].transforms[0].function: substring needs from, length or both"),
    "length_without_substring": (source("transforms: [{column: a, length: 3}]"), {},
        "CONF:4: sources[0].transforms[0].length: is for the function substring alone"),
    "function": (source("transforms: [{column: a, function: upcase}]"), {},
        "CONF:4: sources[0].transforms[0].function: \"upcase\" is not one of "
        "as_is|date|year|month|day|hour|substring|hash|lower|upper"),
    "metadata_twice": (source("metadata: {topic: _k, offset: _k}"), {},
        "CONF:4: sources[0].metadata.offset: another setting makes a column of this name"),
    "metadata_and_transform": (source("metadata: {topic: a}\n  transforms: [{column: a}]"), {},
        "CONF:4: sources[0].metadata.topic: a transform makes a column of this name"),
    "filter": (source("filter: 'a = '"), {},
        "CONF:4: sources[0].filter: at \"\": a field or a value was expected"),
    "drop": (source("drop: ['']"), {},
        "CONF:4: sources[0].drop: takes a list of texts that are not empty"),
    "cast": (source("transforms: [{column: a}, {column: b, type: lng}]"), {},
        "CONF:4: sources[0].transforms[1].type: there is no type lng"),
    "source_path": (source("transforms: [{column: a, source: 'x..y'}]"), {},
        "CONF:4: sources[0].transforms[0].source: x..y is not a path"),
    "schema_file_content": (source("format: avro\n  schema_file: FILE"), {},
        "CONF:5: sources[0].schema_file: FILE: not JSON: offset 0: a value was expected"),
    # Kafka
    "property_unknown": (kafka("conf: {sasl.usrname: x}"), {},
        "CONF:4: kafka.conf.sasl.usrname: librdkafka has no property sasl.usrname; the nearest is sasl.username"),
    "property_value_2": (kafka("conf: {session.timeout.ms: long}"), {},
        "CONF:4: kafka.conf.session.timeout.ms: Invalid value for configuration property \"session.timeout.ms\"; "
        "allowed: 1 .. 3600000"),
    "property_fixed": (kafka("conf: {enable.auto.commit: true}"), {},
        "CONF:4: kafka.conf.enable.auto.commit: cannot be changed: each record exactly once rests on it"),
    "property_of_ours": (kafka("conf: {bootstrap.servers: x}"), {},
        "CONF:4: kafka.conf.bootstrap.servers: is KAFKA_BOOTSTRAP_SERVERS here, or kafka.brokers in the file"),
    "property_twice": (kafka("conf: {sasl.username: a}\n  security: {username: b}"), {},
        "CONF:4: kafka.conf.sasl.username: is given, and so is sasl.username to another value in CONF:5; leave one "
        "of them out"),
    "property_in_variable": (K+S+T, {"KAFKA_CONF_FETCH_MAX_BITES": "1"},
        "KAFKA_CONF_FETCH_MAX_BITES: librdkafka has no property fetch.max.bites; the nearest is fetch.max.bytes"),
    "mechanism_without_sasl": (kafka("security: {mechanism: PLAIN, username: u, password: p}"), {},
        "CONF:4: kafka.conf.sasl.mechanism: is of no use without SASL: the security protocol must be SASL_SSL or "
        "SASL_PLAINTEXT"),
    "sasl_without_password": (kafka("security: {protocol: SASL_SSL, mechanism: PLAIN, username: u}"), {},
        "CONF:4: kafka.conf.sasl.mechanism: PLAIN needs sasl.username and sasl.password"),
    "password_without_mechanism": (kafka("security: {protocol: SASL_SSL, username: u, password: p}"), {},
        "CONF:4: kafka.conf.sasl.username: is for PLAIN and SCRAM, but sasl.mechanism is GSSAPI"),
    "ca_without_tls": (kafka("security: {ca_file: FILE}"), {},
        "CONF:4: kafka.conf.ssl.ca.location: is of no use without TLS: the security protocol must be SSL or SASL_SSL"),
    "ca_file_missing": (kafka("security: {protocol: SSL, ca_file: DIR/none.pem}"), {},
        "CONF:4: kafka.conf.ssl.ca.location: DIR/none.pem: No such file or directory"),
    "certificate_without_key": (kafka("security: {protocol: SSL, cert_file: FILE}"), {},
        "CONF:4: kafka.conf.ssl.certificate.location: needs its private key too (ssl.key.location)"),
    "oauth_without_address": (kafka("security: {protocol: SASL_SSL, mechanism: OAUTHBEARER}"), {},
        "CONF:4: kafka.conf.sasl.mechanism: OAUTHBEARER needs sasl.oauthbearer.token.endpoint.url, client.id and "
        "client.secret (OIDC)"),
    "protocol": (kafka("security: {protocol: TLS}"), {},
        "CONF:4: kafka.security.protocol: Invalid value \"TLS\" for configuration property \"security.protocol\"; "
        "allowed: plaintext, ssl, sasl_plaintext, sasl_ssl"),
    "password_and_password_file": (kafka("security: {password: a, password_file: FILE}"), {},
        "CONF:4: kafka.security.password_file: is given, and so is the value itself; leave one of them out"),
    "password_file_missing": (kafka("security: {password_file: DIR/none}"), {},
        "CONF:4: kafka.security.password_file: DIR/none: No such file or directory"),
    "conf_file_missing": (kafka("conf_file: DIR/none.conf"), {},
        "CONF:4: kafka.conf_file: DIR/none.conf: No such file or directory"),
    "conf_file_line": (kafka("conf_file: DIR/bad.conf"), {},
        "DIR/bad.conf:3: is not NAME=VALUE"),
    "start_twice": (kafka("conf: {auto.offset.reset: latest}").replace("sources","run: earliest\nsources"), {},
        "CONF:4: kafka.conf.auto.offset.reset: is given, and so is run.from (CONF:5); leave one of them out"),
    # variables
    "alias_and_name": (None, {"KAFKA_BROKERS": "a", "KAFKA_BOOTSTRAP_SERVERS": "b"},
        "KAFKA_BOOTSTRAP_SERVERS: is set, and so is KAFKA_BROKERS, which means the same, to another value; unset "
        "one of them"),
    "alias_value": (None, {"ALLOWED_LATENCY": "long"},
        "ALLOWED_LATENCY: \"long\" is not a time from 1ms to 24h, such as 500ms, 10s, 5m or 10 (seconds)"),
    "secret_and_its_file": (None, {"AWS_SECRET_ACCESS_KEY": "a", "AWS_SECRET_ACCESS_KEY_FILE": "FILE"},
        "AWS_SECRET_ACCESS_KEY_FILE: is set, and so is AWS_SECRET_ACCESS_KEY; unset one of them"),
    "secret_file_missing": (None, {"HTTP_ADMIN_TOKEN_FILE": "DIR/none"},
        "HTTP_ADMIN_TOKEN_FILE: DIR/none: No such file or directory"),
    "topic_for_two_sources": (two("{topics: t}, {topics: u}", "{uri: /a}"), {"KAFKA_TOPIC": "x"},
        "KAFKA_TOPIC: CONF has several sources, and this does not tell which it is for"),
    "table_for_two": (two("{topics: t, table: a}, {topics: u, table: b}", "{name: a, uri: /a}, {name: b, uri: /b}"),
        {"DELTA_TABLE_PATH": "/x"},
        "DELTA_TABLE_PATH: CONF has several tables, and this does not tell which it is for"),
    "bad_dlq_of_kdi": (None, {"DLQ_TABLE_LOCATION": "gopher://x"},
        "DLQ_TABLE_LOCATION: gopher://x: no store for the scheme gopher"),
    # storage
    "endpoint_of_file": (K+S+"tables: [{uri: 's3://b/t'}]\nstorage: {endpoint: 'minio:9000'}\n", {},
        "CONF:4: storage.endpoint: \"minio:9000\" is not a URL (http://HOST:PORT or https://HOST:PORT)"),
    "http_not_allowed": (K+S+"tables: [{uri: 's3://b/t'}]\nstorage: {endpoint: 'http://minio:9000'}\n", {},
        "CONF:4: storage.endpoint: http://minio:9000 is not encrypted; AWS_ALLOW_HTTP=true permits that"),
    "half_of_a_key": (K+S+"tables: [{uri: 's3://b/t'}]\nstorage: {access_key_id: a}\n", {},
        "CONF: storage.secret_access_key: is not set, but AWS_ACCESS_KEY_ID is"),
    "no_credentials": (K+S+"tables: [{uri: 's3://b/t'}]\n", {"AWS_EC2_METADATA_DISABLED": "true"},
        "CONF: storage.access_key_id: no credentials for AWS: neither the settings nor a profile has them"),
    "half_of_a_web_identity": (K+S+"tables: [{uri: 's3://b/t'}]\nstorage: {web_identity_token_file: /t}\n", {},
        "CONF: storage.role_arn: is not set, but AWS_WEB_IDENTITY_TOKEN_FILE is"),
    "no_such_profile": (K+S+"tables: [{uri: 's3://b/t'}]\nstorage: {profile: nobody}\n", {},
        "CONF:4: storage.profile: there is no profile \"nobody\""),
    "seek_offsets_of_kdi": (None, {"KAFKA_SEEK_OFFSETS": '{"0": 5}'},
        "KAFKA_SEEK_OFFSETS: is not taken here: --from FILE, with the offsets to read first"),
    "transforms_of_kdi": (None, {"TRANSFORMS": "a: b"},
        "TRANSFORMS: is not taken here: write transforms of the source into a file (--config)"),
    "registry_of_kdi": (None, {"AVRO_REGISTRY": "http://"},
        "AVRO_REGISTRY: is not http://HOST:PORT or https://HOST:PORT"),
}


class Mistakes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="deltawrite-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        with open(self.folder + "/some", "w") as f:
            f.write("x")
        with open(self.folder + "/offsets.json", "w") as f:
            f.write('{"orders": {"0": 5, "1": -1}}')
        with open(self.folder + "/bad.conf", "w") as f:
            f.write("# properties\nclient.id = x\nfetch.max.bytes\n")

    def put_in(self, text):
        return text.replace("DIR", self.folder).replace("FILE", self.folder + "/some")

    def run_with(self, yaml, variables):
        environment = dict(CLEAN, HOME=self.folder, **{name: self.put_in(text) for name, text in variables.items()})
        if yaml is not None:
            environment["DELTAWRITE_CONFIG"] = self.folder + "/lake.yaml"
            with open(environment["DELTAWRITE_CONFIG"], "w") as f:
                f.write(self.put_in(yaml))
        return subprocess.run([KAFKA], env=environment, capture_output=True, text=True, timeout=20)

    def test_each_mistake_gets_one_line_and_exit_code_78(self):
        self.assertGreater(len(CASES), 100)
        for name, (yaml, variables, line) in CASES.items():
            with self.subTest(name):
                done = self.run_with(yaml, variables)
                said = done.stderr.replace(self.folder + "/lake.yaml", "CONF").replace(self.folder + "/some", "FILE")
                self.assertEqual(said.replace(self.folder, "DIR"), "deltawrite-kafka: " + line + "\n")
                self.assertEqual((done.returncode, done.stdout), (78, ""))

    def test_a_flag_that_is_not_there_is_told_with_the_nearest(self):
        done = subprocess.run([KAFKA, "--batchsize=5"], env=CLEAN, capture_output=True, text=True, timeout=20)
        self.assertEqual(done.stderr, "deltawrite-kafka: --batchsize=5: no such option; the nearest is --batch-size "
                                      "(see deltawrite-kafka --help)\n")
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
