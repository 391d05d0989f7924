#!/bin/sh
# Builds the program and puts all that a package holds under target/stage/. TARGET names another
# target than this machine's.
set -eu
cd "$(dirname "$0")/.."

SMTP_DECRYPT_COMMIT=${SMTP_DECRYPT_COMMIT:-$(git rev-parse --short=12 HEAD 2> /dev/null || echo unknown)}
export SMTP_DECRYPT_COMMIT

# The same sources give the same bytes, wherever they lie and whoever builds them: no path of the
# machine is in the program, and no symbols are.
export CARGO_PROFILE_RELEASE_STRIP=symbols
RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$PWD=/src"
export RUSTFLAGS

if [ -n "${TARGET:-}" ]; then
    cargo build --release --locked --features parquet --target "$TARGET"
    built=target/$TARGET/release/smtp-decrypt
else
    cargo build --release --locked --features parquet
    built=target/release/smtp-decrypt
fi

stage=target/stage
rm -rf "$stage"
mkdir -p "$stage/man" "$stage/completions"
cp "$built" "$stage/smtp-decrypt"

"$built" man > "$stage/man/smtp-decrypt.1"
for command in $("$built" -h | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on && $1 != "help" { print $1 }'); do
    "$built" man "$command" > "$stage/man/smtp-decrypt-$command.1"
done
"$built" completions bash > "$stage/completions/smtp-decrypt"
"$built" completions zsh > "$stage/completions/_smtp-decrypt"
"$built" completions fish > "$stage/completions/smtp-decrypt.fish"
"$built" completions powershell > "$stage/completions/smtp-decrypt.ps1"
