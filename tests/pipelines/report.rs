//! The report in a browser: headless Chromium makes the page, sorts and searches its table, and finds nothing to complain of.
//!
//! Where there is no Chromium, these tests say so and are skipped; `tests.rs` of the report holds the page without one.
#![allow(clippy::unwrap_used)]

use crate::support::{folder, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Chromium, by its usual names; says so where there is none.
fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let folders: Vec<PathBuf> = std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
    let found = names.iter().flat_map(|name| folders.iter().map(move |f| f.join(name))).find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: no Chromium is installed");
    }
    found
}

/// What a page is after it was made, and what the browser said of it.
fn browse(browser: &Path, page: &Path, home: &Path) -> (String, String) {
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--enable-logging=stderr",
            "--v=0",
        ])
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", home.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let console: Vec<&str> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
    (String::from_utf8_lossy(&output.stdout).into_owned(), console.join("\n"))
}

/// A report of the bundled traffic, with alerts, and one whose names are hostile.
fn report(folder: &Path) -> PathBuf {
    let page = folder.join("report.html");
    let hostile = folder.join("hostile");
    let alert = r#"{"kind":"alert","detector":"<script>document.title=1</script>","severity":"low","reason":"<img src=x onerror=document.title=2>","src_ip":"10.0.0.1","src_name":"\"><svg onload=document.title=3>"}"#;
    std::fs::write(&hostile, format!("{alert}\n")).unwrap();
    run(&format!(
        "{{ flowcat -q --tz UTC tests/data/traffic.csv | flowdetect -q --tee zscore sweep portscan exfil beacon; cat {}; }} | flowstat -q report:format=html > {}",
        hostile.display(),
        page.display()
    ))
    .code(0);
    page
}

#[test]
fn a_browser_makes_the_page_without_complaint_and_hostile_names_do_nothing() {
    let Some(browser) = chromium() else { return };
    let folder = folder();
    let page = report(folder.path());
    let (made, console) = browse(&browser, &page, &folder.path().join("home"));
    assert_eq!(console, "");
    assert!(made.contains("<title>Network traffic"), "{}", &made[..made.len().min(500)]);
    // The script ran, as its policy lets it: the search is no longer hidden.
    let search = made.split("id=\"search\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(!search.contains("hidden"), "{search}");
    assert!(made.contains("&lt;script&gt;document.title=1&lt;/script&gt;"));
    assert!(std::fs::metadata(&page).unwrap().len() < 300_000);
}

#[test]
fn the_table_of_hosts_sorts_and_searches() {
    let Some(browser) = chromium() else { return };
    let folder = folder();
    let page = report(folder.path());
    let text = std::fs::read_to_string(&page).unwrap();
    let (head, rest) = text.split_once("<meta http-equiv").unwrap();
    let (_, rest) = rest.split_once(">\n").unwrap();
    // What a person does, after the page's own script.
    let act = "<script>
        const click = (n) => document.querySelectorAll('#hosts button')[n].click();
        const first = (n) => [...document.querySelectorAll('#hosts tbody tr')].filter((r) => !r.hidden).map((r) => r.cells[n].dataset.v);
        const is = (list, order) => list.length > 5 && list.every((v, i) => i === 0 || order(list[i - 1], v));
        const out = [];
        click(0); out.push(is(first(0), (a, b) => a.localeCompare(b, 'en', {numeric: true}) >= 0));
        click(0); out.push(is(first(0), (a, b) => a.localeCompare(b, 'en', {numeric: true}) <= 0));
        click(4); out.push(is(first(4), (a, b) => Number(a) >= Number(b)));
        const search = document.getElementById('search');
        search.value = first(0)[0]; search.dispatchEvent(new Event('input'));
        out.push(first(0).length >= 1 && first(0).every((v) => v.includes(search.value)));
        search.value = 'no such host'; search.dispatchEvent(new Event('input'));
        out.push(first(0).length === 0);
        document.title = JSON.stringify(out);
    </script></body>";
    std::fs::write(&page, format!("{head}{}", rest.replace("</body>", act))).unwrap();
    let (made, console) = browse(&browser, &page, &folder.path().join("home"));
    assert_eq!(console, "");
    assert!(
        made.contains("<title>[true,true,true,true,true]</title>"),
        "{:?}",
        made.split("<title>").nth(1).map(|t| &t[..t.len().min(80)])
    );
}
