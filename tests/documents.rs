//! Documents handed to the real program: PDFs go through its confined child process.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use support::{BINARY, PATIENCE, output, stderr, text};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// A PDF of one page for each text, with its cross-reference table.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let kids: String = (0..pages.len()).map(|page| format!("{} 0 R ", 4 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for (page, lines) in pages.iter().enumerate() {
        let shown: String = lines.lines().map(|line| format!("({line}) Tj 0 -28 Td ")).collect();
        let content = format!("BT /F1 12 Tf 72 720 Td {shown}ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
            5 + 2 * page
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", number + 1).into_bytes());
    }
    let start = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).into_bytes());
    for offset in offsets {
        file.extend(format!("{offset:010} 00000 n \n").into_bytes());
    }
    file.extend(
        format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1).into_bytes(),
    );
    file
}

async fn dry_run(path: &Path, more: &[&str]) -> (String, String) {
    let outcome: Output = output(&[&["import", "--dry-run", text(path)], more].concat()).await;
    (String::from_utf8(outcome.stdout.clone()).unwrap(), stderr(&outcome))
}

#[tokio::test]
async fn a_pdf_is_read_and_shown_redacted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("2025-10-04-carers.pdf");
    fs::write(&path, pdf(&["Ann Lee: The lift is broken, call\n07700 900123 about it.", "Ben: Again."])).unwrap();
    let (out, errors) = dry_run(&path, &["--place", "Leeds"]).await;
    assert!(out.contains("carers.pdf: 2 posts would be taken in"), "{out}{errors}");
    assert!(
        out.contains("2025-10-04T11:00:00Z, Leeds: The lift is broken, call") && out.contains("Leeds: Again."),
        "{out}"
    );
    assert!(!out.contains("07700"), "{out}");
}

#[tokio::test]
async fn pdfs_that_hold_nothing_or_were_made_to_harm_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let refused = async |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (out, errors) = dry_run(&path, &[]).await;
        assert!(out.is_empty(), "{name}: {out}");
        errors
    };
    let scan = refused("scan.pdf", &pdf(&[""])).await;
    assert!(scan.contains("scan.pdf: has no text in it: it is a scan; type it in or use OCR"), "{scan}");
    let long = vec!["x"; 501];
    assert!(refused("long.pdf", &pdf(&long)).await.contains("has more than 500 pages: split it"));
    let whole = pdf(&["Ann: Hello."]);
    assert!(refused("cut.pdf", &whole[..100]).await.contains("is damaged"));
    // A cross-reference stream whose fields are a tebibyte wide, which aborts a reader that believes it.
    let bomb = b"%PDF-1.5\n1 0 obj\n<< /Type /XRef /Size 3 /W [1099511627776 1 1] /Root 2 0 R /Length 12 >>\nstream\n000000000000\nendstream\nendobj\nstartxref\n9\n%%EOF\n";
    let bomb = refused("bomb.pdf", bomb).await;
    assert!(bomb.contains("is damaged") || bomb.contains("takes more than 512 MiB"), "{bomb}");
    let deep = [b"%PDF-1.4\n1 0 obj\n".to_vec(), b"[".repeat(2_000_000)].concat();
    let deep = refused("deep.pdf", &deep).await;
    assert!(deep.contains("is damaged"), "{deep}");
}

#[tokio::test]
async fn the_child_confines_itself_before_it_reads() {
    let mut child = Command::new(BINARY)
        .arg("pdf-text")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    // It waits for the PDF, which we have not sent: what it may do then is what it may do with it.
    let limits = format!("/proc/{}/limits", child.id().unwrap());
    let confined = tokio::time::timeout(PATIENCE, async {
        loop {
            let limits = fs::read_to_string(&limits).unwrap();
            if limit(&limits, "Max open files") == "3" {
                return limits;
            }
            tokio::task::yield_now().await;
        }
    });
    let limits = confined.await.unwrap();
    // So much beside what the program itself takes up, which is most where it is linked with libtorch.
    let memory: u64 = limit(&limits, "Max address space").parse().unwrap();
    let own = mapped(&fs::read_to_string(format!("/proc/{}/status", child.id().unwrap())).unwrap());
    assert!((512 << 20..=(512 << 20) + own).contains(&memory), "{memory} bytes, of which the program takes {own}");
    assert_eq!(limit(&limits, "Max cpu time"), "20");
    assert_eq!(limit(&limits, "Max core file size"), "0");
    child.stdin.take().unwrap().write_all(b"no PDF").await.unwrap();
    let answer = child.wait_with_output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "\"damaged\"");
}

/// The most that a process had mapped, in bytes, from its `/proc/PID/status`.
fn mapped(status: &str) -> u64 {
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).expect("the kernel tells the peak");
    kibibytes.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// The limit `name` of a process, both the one that holds and the one it could raise it to.
fn limit(limits: &str, name: &str) -> String {
    let line = limits.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {limits}"));
    let words: Vec<&str> = line[name.len()..].split_whitespace().collect();
    if words[0] == words[1] { words[0].to_owned() } else { format!("{} of {}", words[0], words[1]) }
}

#[tokio::test]
async fn a_mapping_on_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("forms.csv");
    fs::write(&path, "What happened,Seen on,Where\nToo long,4 October 2025,York\n").unwrap();
    let map = ["--map", "text=What happened,date=Seen on", "--map", "place=Where", "--json"];
    let (out, errors) = dry_run(&path, &map).await;
    let post: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{errors}"));
    assert_eq!((&post["text"], &post["place"]), (&"Too long".into(), &"York".into()));
    assert_eq!(post["created_at"], "2025-10-04T11:00:00Z");
    let (_, errors) = dry_run(&path, &["--map", "words=Where"]).await;
    assert!(errors.contains("--map: `words` is not what a column can be: use one of text, date"), "{errors}");
    let (_, errors) = dry_run(&path, &["--date", "soon"]).await;
    assert!(errors.contains("--date: `date: soon` is not a date"), "{errors}");
}
