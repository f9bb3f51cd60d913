// SPDX-License-Identifier: Apache-2.0

// promcheck asks Prometheus' own parsers.
//
//	promcheck scrape CONTENT-TYPE <text   what a scrape takes from it, as JSON lines; promlint's findings are errors
//	promcheck rules FILE                  checks a file of rules; the selectors in it, as JSON lines
//	promcheck expr <expressions           one a line; the selectors in them, as JSON lines
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql/parser"
)

type sample struct {
	Labels map[string]string `json:"labels"`
	Value  string            `json:"value"` // a float has no NaN in JSON
	Type   string            `json:"type"`
	Unit   string            `json:"unit"`
	Help   string            `json:"help"`
}

func scrape(contentType string) error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if strings.HasPrefix(contentType, "text/plain") {
		problems, err := promlint.New(bytes.NewReader(text)).Lint()
		if err != nil {
			return err
		}
		for _, p := range problems {
			return fmt.Errorf("promlint: %s: %s", p.Metric, p.Text)
		}
	}
	p, err := textparse.New(text, contentType, "", false, false, false, labels.NewSymbolTable())
	if err != nil {
		return err
	}
	types, units, helps := map[string]string{}, map[string]string{}, map[string]string{}
	out := json.NewEncoder(os.Stdout)
	family := ""
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch entry {
		case textparse.EntryType:
			name, kind := p.Type()
			family = string(name)
			types[family] = string(kind)
		case textparse.EntryHelp:
			name, help := p.Help()
			family = string(name)
			helps[family] = string(help)
		case textparse.EntryUnit:
			name, unit := p.Unit()
			units[string(name)] = string(unit)
		case textparse.EntrySeries:
			_, _, value := p.Series()
			var l labels.Labels
			p.Labels(&l)
			err = out.Encode(sample{l.Map(), strconv.FormatFloat(value, 'g', -1, 64), types[family], units[family],
				helps[family]})
			if err != nil {
				return err
			}
		}
	}
}

type selector struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
	By     []string          `json:"by"` // labels that an aggregation around it keeps, or a join is on
}

func selectors(expression string) error {
	parsed, err := parser.ParseExpr(expression)
	if err != nil {
		return fmt.Errorf("%s: %w", expression, err)
	}
	out := json.NewEncoder(os.Stdout)
	parser.Inspect(parsed, func(node parser.Node, path []parser.Node) error {
		v, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		found := selector{v.Name, map[string]string{}, []string{}}
		for _, m := range v.LabelMatchers {
			if m.Name != labels.MetricName {
				found.Labels[m.Name] = m.Value
			}
		}
		for _, above := range path {
			if a, ok := above.(*parser.AggregateExpr); ok && !a.Without {
				found.By = append(found.By, a.Grouping...)
			}
			if b, ok := above.(*parser.BinaryExpr); ok && b.VectorMatching != nil && b.VectorMatching.On {
				found.By = append(found.By, b.VectorMatching.MatchingLabels...)
			}
		}
		return out.Encode(found)
	})
	return nil
}

func rules(path string) error {
	groups, problems := rulefmt.ParseFile(path, false)
	if len(problems) != 0 {
		return errors.Join(problems...)
	}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			if err := selectors(rule.Expr); err != nil {
				return err
			}
		}
	}
	return nil
}

func expressions() error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if err := selectors(lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func main() {
	err := errors.New("usage: promcheck scrape CONTENT-TYPE | rules FILE | expr")
	switch {
	case len(os.Args) == 3 && os.Args[1] == "scrape":
		err = scrape(os.Args[2])
	case len(os.Args) == 3 && os.Args[1] == "rules":
		err = rules(os.Args[2])
	case len(os.Args) == 2 && os.Args[1] == "expr":
		err = expressions()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
