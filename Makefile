# Each target is one script in bin/; `make help` says what they do.
.DEFAULT_GOAL := help
.PHONY: run test nightly check bench eval help

run:
	@exec bin/run

test:
	@exec bin/test

nightly:
	@exec bin/nightly

check:
	@exec bin/check

bench:
	@exec bin/bench

eval:
	@exec bin/eval

help:
	@exec bin/help
