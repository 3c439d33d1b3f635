"""Other tools' formats: what lm-eval and Inspect wrote becomes runs, runs become files."""
