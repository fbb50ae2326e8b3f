//! docs/cli.md shows what there is, and each of its commands works.

use std::path::{Path, PathBuf};

use clap::Command;

use crate::local::{LINKSPAN, Local};

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md")).unwrap()
}

/// The shell's blocks, in their order.
fn script(page: &str) -> String {
    let blocks = page.split("\n```sh\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    blocks.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_page_works_from_top_to_bottom() {
    let local = Local::start().await;
    let connection = local.connection("user-1").await;
    let reference = local.attempt("user-1").await;
    let script = script(&page()).replace("http://127.0.0.1:9000", &local.base);
    let programs = PathBuf::from(LINKSPAN).parent().unwrap().to_owned();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let ran = tokio::process::Command::new("sh")
        .args(["-eu", "-c", &script])
        .env_clear()
        .envs([("PATH", path.as_str()), ("CONNECTION", &connection), ("REFERENCE", &reference)])
        .env("HOME", &local.folder)
        .current_dir(&local.folder)
        .output()
        .await
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{}\n{}\n{}", ran.status, text(&ran.stdout), text(&ran.stderr));
    assert!(!text(&ran.stdout).contains("secret-at-asana"));
}

#[test]
fn the_page_names_every_command_and_every_setting() {
    let page = page();
    let script = script(&page);
    let mut pending: Vec<(String, Command)> = vec![("linkspan".to_owned(), linkspan::args::definition())];
    let mut seen = 0;
    while let Some((path, command)) = pending.pop() {
        let below: Vec<&Command> = command.get_subcommands().filter(|it| it.get_name() != "help").collect();
        if below.is_empty() {
            seen += 1;
            assert!(script.contains(&path), "no example runs `{path}`");
        }
        for flag in command
            .get_arguments()
            .filter_map(|it| it.get_long())
            .filter(|it| !["help", "version"].contains(it))
        {
            assert!(page.contains(&format!("--{flag}")), "the page lacks --{flag} of `{path}`");
        }
        let below: Vec<_> =
            below.iter().map(|it| (format!("{path} {}", it.get_name()), (*it).clone())).collect();
        pending.extend(below);
    }
    assert!(seen > 14, "only {seen} commands were found");
}

#[test]
fn every_variable_and_every_setting_of_the_file_is_on_the_page() {
    let source = include_str!("../../src/settings.rs");
    let page = page();
    let names = source.split('"').filter(|text| text.starts_with("LINKSPAN_") && !text.contains(' '));
    let names: std::collections::BTreeSet<&str> = names.collect();
    assert!(names.len() > 7, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "the page lacks {name}");
    }
}
