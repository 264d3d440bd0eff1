# The two commands are `make demo` and `make test`. Both set up what is missing on a Debian or Ubuntu machine with Rust.

.DEFAULT_GOAL := help
.PHONY: help demo demo-transformer run test test-transformer models lint docs bench fuzz audit screenshots

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 28

demo: ## Build, and run the whole pipeline on a made-up conversation
	@scripts/setup.sh build
	cargo build --release --locked
	target/release/discovery demo

demo-transformer: models ## The demonstration with the transformer tier, on rust-bert
	eval "$$(scripts/models.sh env)" && cargo build --release --locked --features rust-bert
	target/release/discovery demo --tier transformer

run: ## Build, and run the whole pipeline over the real sources in config/
	@scripts/setup.sh build
	cargo build --release --locked
	target/release/discovery run

test: ## Run every check and every test, browser and real servers included
	@scripts/setup.sh build lint browser kafka clickhouse
	$(MAKE) lint
	cargo test --workspace --features index/clickhouse,failpoints --locked
	$(MAKE) test-transformer
	$(MAKE) docs

test-transformer: models ## Test the transformer tier, through rust-bert and libtorch
	eval "$$(scripts/models.sh env)" && cargo test -p enrich --features rust-bert --locked transformer

models: ## Fetch libtorch and the encoder of the transformer tier into a cache (880 MB)
	@scripts/models.sh

lint: ## Formatting, clippy, licences, unused dependencies, spelling
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features index/clickhouse,failpoints --locked -- -D warnings
	cargo deny --locked --features index/clickhouse check bans licenses sources
	cargo machete
	PATH="$(CURDIR)/target/tools/bin:$$PATH" typos

docs: ## Build the documentation of the code; a broken link fails
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

bench: ## Measure every stage, and the whole pipeline beside bare Tantivy
	cargo bench --workspace --locked
	cargo build --release --locked
	target/release/discovery bench pipeline

fuzz: ## Fuzz every reader for FUZZ_SECONDS each (60; needs nightly Rust and cargo-fuzz)
	scripts/fuzz.sh

audit: ## Check the dependencies against the advisories (needs the network)
	cargo deny --locked check advisories

screenshots: ## Draw the pages of a running demonstration into docs/images
	@scripts/setup.sh browser
	scripts/screenshots.sh
