//! What the benches share: a table of results, CPU clocks, and where big files go.
//!
//! Ratios to a limit that ran in the same minute are what counts; milliseconds differ between machines.

use std::path::PathBuf;

/// One line of the table. `better` says which way the number should go.
pub struct Line {
    what: String,
    ours: f64,
    limit: f64,
    unit: &'static str,
    goal: Goal,
}

/// What a line has to reach.
#[derive(Clone, Copy)]
#[allow(dead_code)]
pub enum Goal {
    /// Ours divided by the limit, at least.
    RatioAtLeast(f64),
    /// Ours divided by the limit, at most.
    RatioAtMost(f64),
    /// Ours, at most.
    AtMost(f64),
    /// For information.
    None,
}

impl Line {
    pub fn new(what: impl Into<String>, ours: f64, limit: f64, unit: &'static str, goal: Goal) -> Self {
        Self { what: what.into(), ours, limit, unit, goal }
    }
}

fn number(x: f64) -> String {
    if x.is_nan() {
        "-".into()
    } else if x == 0.0 || x.abs() >= 100.0 {
        format!("{x:.0}")
    } else if x.abs() >= 1.0 {
        format!("{x:.2}")
    } else {
        format!("{x:.4}")
    }
}

/// Prints the table.
pub fn table(title: &str, lines: &[Line]) {
    let width = lines.iter().map(|l| l.what.chars().count()).max().unwrap_or(0).max(4);
    println!("\n{title}");
    println!(
        "{:<width$}  {:>10}  {:>10}  {:<8} {:>7}  {:<16} result",
        "what", "ours", "limit", "unit", "ratio", "goal"
    );
    for l in lines {
        let ratio = l.ours / l.limit;
        let (goal, ok) = match l.goal {
            Goal::RatioAtLeast(g) => (format!("ratio >= {g}"), Some(ratio >= g)),
            Goal::RatioAtMost(g) => (format!("ratio <= {g}"), Some(ratio <= g)),
            Goal::AtMost(g) => (format!("<= {g} {}", l.unit), Some(l.ours <= g)),
            Goal::None => ("-".into(), None),
        };
        let result = match ok {
            Some(true) => "pass",
            Some(false) => "MISSED",
            None => "",
        };
        println!(
            "{:<width$}  {:>10}  {:>10}  {:<8} {:>7}  {goal:<16} {result}",
            l.what,
            number(l.ours),
            number(l.limit),
            l.unit,
            number(ratio)
        );
    }
}

/// The value of `--name VALUE` on the command line.
pub fn option(name: &str) -> Option<String> {
    let mut args = std::env::args().skip_while(|a| a != name);
    args.next()?;
    args.next()
}

/// `--name N` or a default.
pub fn count(name: &str, default: u64) -> u64 {
    option(name).map_or(default, |v| v.replace('_', "").parse().expect("a number"))
}

/// The middle of some values.
#[allow(dead_code)]
pub fn median(values: &[f64]) -> f64 {
    let mut v = values.to_vec();
    v.sort_by(f64::total_cmp);
    v.get(v.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Big files go here; kept between runs.
pub fn folder() -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench");
    std::fs::create_dir_all(&dir).expect("a folder below target");
    dir
}

/// CPU time of a task so far in nanoseconds. A running task's own is up to a tick (4 ms) late.
fn schedstat(path: &str) -> f64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0.0)
}

/// CPU time of this thread so far in nanoseconds.
#[allow(dead_code)]
pub fn thread_cpu() -> f64 {
    schedstat("/proc/thread-self/schedstat")
}

/// CPU time of all threads of a process so far in nanoseconds.
#[allow(dead_code)]
pub fn process_cpu(pid: u32) -> f64 {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return f64::NAN };
    tasks.filter_map(Result::ok).map(|t| schedstat(&format!("{}/schedstat", t.path().display()))).sum()
}

/// Private memory of a process in megabytes.
#[allow(dead_code)]
pub fn private_memory(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|l| l.strip_prefix("RssAnon:"))
        .and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok())
        .map_or(f64::NAN, |kb| kb / 1024.0)
}
