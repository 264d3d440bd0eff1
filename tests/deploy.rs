//! The files in `deploy/` say what the program says: alert rules and the dashboard ask for metrics that there are, and the
//! commands that processes are started with exist, and the configuration for containers is understood.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where metrics are declared.
const CODE: [&str; 6] = ["bus/src", "ingest/src", "enrich/src", "index/src", "dashboard/src", "src"];

/// What the exporter adds to the name of a histogram.
const PARTS: [&str; 3] = ["_bucket", "_count", "_sum"];

#[test]
fn alerts_and_the_dashboard_ask_for_metrics_that_there_are() {
    let sources: String =
        CODE.iter().flat_map(|directory| files(&root().join(directory))).map(|path| read(&path)).collect();
    let declared: BTreeSet<String> =
        names(&sources).into_iter().filter(|name| sources.contains(&format!("\"{name}\""))).collect();
    assert!(declared.len() > 20, "the metrics of the code are found: {declared:?}");
    for file in ["deploy/monitoring/alerts.yaml", "deploy/monitoring/grafana.json", "docs/operations.md"] {
        let asked = names(&read(&root().join(file)));
        assert!(asked.len() > 5, "{file} asks for {asked:?}");
        for name in asked {
            let whole = PARTS.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(&name);
            assert!(declared.contains(whole), "{file} asks for {name}, which no code records");
        }
    }
}

#[test]
fn containers_and_units_start_commands_that_there_are() {
    let cli = read(&root().join("src/cli.rs"));
    let manifests = ["deploy/compose.yaml", "deploy/kubernetes/node.yaml", "deploy/kubernetes/enrich.yaml"];
    let text: String = manifests.map(|file| read(&root().join(file))).concat();
    let started =
        text.lines().filter_map(|line| line.trim().strip_prefix("command: [").or(line.trim().strip_prefix("args: [")));
    let mut stages = BTreeSet::new();
    for words in started {
        let mut words = words.trim_end_matches(']').split(", ");
        let stage = words.next().unwrap();
        let (first, rest) = stage.split_at(1);
        assert!(cli.contains(&format!("\n    {}{rest}(", first.to_uppercase())), "there is no `discovery {stage}`");
        for option in words.filter_map(|word| word.strip_prefix("--")) {
            assert!(cli.contains(&format!("pub {}:", option.replace('-', "_"))), "there is no option --{option}");
        }
        stages.insert(stage);
    }
    assert_eq!(stages, BTreeSet::from(["analytics", "enrich", "index", "ingest", "serve"]), "every stage is started");
}

#[test]
fn the_configuration_for_containers_is_understood() {
    for file in ["deploy/kubernetes/discovery.toml", "deploy/compose.toml"] {
        is_understood(file);
    }
}

fn is_understood(file: &str) {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deploy-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    for entry in fs::read_dir(root().join("config")).unwrap() {
        let entry = entry.unwrap();
        symlink(entry.path(), directory.join(entry.file_name())).unwrap();
    }
    for name in ["discovery.toml", "sources.toml"] {
        fs::remove_file(directory.join(name)).unwrap();
    }
    fs::copy(root().join(file), directory.join("discovery.toml")).unwrap();
    fs::write(directory.join("sources.toml"), "").unwrap();
    let check = Command::new(env!("CARGO_BIN_EXE_discovery"))
        .args(["check", "--config-dir"])
        .arg(&directory)
        .arg("--data-dir")
        .arg(directory.join("data"))
        .output()
        .unwrap();
    fs::remove_dir_all(&directory).unwrap();
    let said = String::from_utf8_lossy(&check.stdout);
    assert!(check.status.success(), "{said}{}", String::from_utf8_lossy(&check.stderr));
    assert!(said.contains("every key is known"), "{said}");
}

/// The words in `text` that look like a metric of ours.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("discovery_")).map(str::to_owned).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
