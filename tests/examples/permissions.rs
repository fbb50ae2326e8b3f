//! What each role of the template allows: `cargo run --example permissions`. It prints the table of `docs/operate.md`.

#![expect(clippy::print_stdout, reason = "a command prints")]

fn main() {
    print!("{}", tests::permissions::table());
}
