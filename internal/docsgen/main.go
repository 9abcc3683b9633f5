// Command docsgen writes the pages that the Terraform Registry shows, docs/, from the provider's schema, templates/ and
// examples/. With -check it writes nothing and fails if a page is not up to date.
//
// The pages are rendered by tfplugindocs of terraform-plugin-docs. It is given the schema as a file, taken from the
// provider within this process, instead of asking Terraform for it: so the pages do not depend on which Terraform is
// installed (older ones leave out identities, list resources and actions), and no network is needed.
//
// Run it from the root of the module, as make generate and make generate-check do, which bring the right tfplugindocs.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider"
)

const (
	// providerName is the provider's short name, the prefix of its resource types.
	providerName = "pvesec"
	// pages is the directory of the rendered pages in the module.
	pages = "docs"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail if a page is not up to date")
	renderer := flag.String("tfplugindocs", "tfplugindocs", "the tfplugindocs `program` that renders the pages")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *renderer, *check); err != nil {
		fmt.Fprintln(os.Stderr, "docsgen:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to undo: stop only forgets the signal handler
	}
}

func run(ctx context.Context, renderer string, check bool) (err error) {
	if _, err := os.Stat("go.mod"); err != nil {
		return errors.New("there is no go.mod here, run this from the root of the module")
	}
	scratch, err := os.MkdirTemp("", "docsgen-*")
	if err != nil {
		return fmt.Errorf("making a scratch directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()

	schemaFile := filepath.Join(scratch, "schema.json")
	if err := writeSchema(ctx, schemaFile); err != nil {
		return err
	}
	if !check {
		return errors.Join(render(ctx, renderer, schemaFile, pages), writeGuides(pages), writeReviewSchemas(ctx, pages))
	}

	// The renderer replaces what it manages and leaves the rest alone, so it gets a copy to work on.
	rendered := filepath.Join(scratch, pages)
	if err := os.CopyFS(rendered, os.DirFS(pages)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("copying the pages: %w", err)
	}
	if err := errors.Join(render(ctx, renderer, schemaFile, rendered), writeGuides(rendered), writeReviewSchemas(ctx, rendered)); err != nil {
		return err
	}
	differences, err := compare(os.DirFS(rendered), os.DirFS(pages))
	if err != nil {
		return err
	}
	for _, difference := range differences {
		fmt.Fprintf(os.Stderr, "%s/%s\n", pages, difference)
	}
	if len(differences) > 0 {
		return fmt.Errorf("%d pages are not up to date, run make generate", len(differences))
	}
	return nil
}

// writeSchema writes the provider's schema as Terraform would print it to a file.
func writeSchema(ctx context.Context, name string) error {
	server, err := providerserver.NewProtocol6WithError(provider.New("docs")())()
	if err != nil {
		return fmt.Errorf("starting the provider: %w", err)
	}
	schemas, err := exportSchemas(ctx, server, providerName)
	if err != nil {
		return err
	}
	text, err := json.Marshal(schemas)
	if err != nil {
		return fmt.Errorf("encoding the schema: %w", err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		return fmt.Errorf("writing the schema: %w", err)
	}
	return nil
}

// render has the program renderer write the pages into the directory target. What it prints is shown only when it
// fails.
func render(ctx context.Context, renderer, schemaFile, target string) error {
	root, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("finding the module: %w", err)
	}
	// The renderer takes its target relative to the module.
	if filepath.IsAbs(target) {
		if target, err = filepath.Rel(root, target); err != nil {
			return fmt.Errorf("finding the pages from the module: %w", err)
		}
	}
	command := exec.CommandContext(ctx, renderer, "generate",
		"--provider-name", providerName, "--provider-dir", root,
		"--providers-schema", schemaFile, "--rendered-website-dir", target)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("rendering the pages: %w\n%s", err, output)
	}
	return nil
}
