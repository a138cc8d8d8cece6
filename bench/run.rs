//! Running workers, each on one core, and believing only what is right.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{Failure, machine};

/// A tool at work: its program and what comes before the job and the folder.
#[derive(Clone)]
pub struct Worker {
    command: Vec<String>,
}

impl Worker {
    /// This program.
    pub fn ours(row: &str) -> Result<Self, Failure> {
        let program = std::env::current_exe()?.to_string_lossy().into_owned();
        Ok(Self { command: vec![program, row.to_owned(), "work".to_owned()] })
    }

    /// A script beside this program, run by the peers' own Python.
    pub fn peer(script: &str) -> Self {
        let bench = machine::root().join("bench");
        let words = [bench.join(".venv/bin/python"), bench.join("peers").join(script)];
        Self { command: words.map(|word| word.to_string_lossy().into_owned()).to_vec() }
    }

    /// Another program.
    pub fn program(program: &Path) -> Self {
        Self { command: vec![program.to_string_lossy().into_owned()] }
    }

    /// What it prints, line by line.
    pub fn run(&self, job: &str, folder: &Path) -> Result<Vec<Value>, Failure> {
        let mut words: Vec<String> = pin();
        words.extend(self.command.iter().cloned());
        let (program, rest) = words.split_first().ok_or("no program")?;
        let done = Command::new(program).args(rest).arg(job).arg(folder).stderr(Stdio::inherit()).output()?;
        if !done.status.success() {
            return Err(format!("{words:?} {job}: {}", done.status).into());
        }
        let text = String::from_utf8(done.stdout)?;
        Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }
}

/// What pins a process to the last core; nothing where there is no such program.
pub fn pin() -> Vec<String> {
    let last = std::thread::available_parallelism().map_or(0, |cores| cores.get() - 1);
    let there = machine::says("taskset").is_some();
    let words =
        if there { vec!["taskset".to_owned(), "-c".to_owned(), last.to_string()] } else { Vec::new() };
    words.into_iter().collect()
}

/// Everything that was measured: by what, then by tool, one rate for each round.
#[derive(Default)]
pub struct Results {
    /// What was measured, the tool, and its rates.
    pub rates: BTreeMap<String, BTreeMap<String, Vec<f64>>>,
    /// The most that was said of a result, by what, tool and name: `sealed` and `peak`, both in bytes.
    pub most: BTreeMap<(String, String, &'static str), f64>,
    /// What the tools say of themselves.
    pub versions: BTreeMap<String, String>,
    /// Results that were compared, and were equal.
    pub checked: usize,
}

impl Results {
    /// Runs a job once with a worker, and gives the name of the tool that answered last. `right` tells the
    /// digest that so many bytes, or other things, have to come to.
    pub fn add(
        &mut self,
        worker: &Worker,
        job: &str,
        folder: &Path,
        right: &dyn Fn(usize) -> Option<String>,
    ) -> Result<String, Failure> {
        let mut last = String::new();
        for line in worker.run(job, folder)? {
            let text =
                |name: &str| line[name].as_str().map(str::to_owned).ok_or(format!("{line}: no {name}"));
            let number = |name: &str| line[name].as_f64().ok_or(format!("{line}: no {name}"));
            let (what, tool) = (text("what")?, text("tool")?);
            if let Ok(digest) = text("digest") {
                let bytes = usize::try_from(line["bytes"].as_u64().unwrap_or(u64::MAX))?;
                if right(bytes).as_ref() != Some(&digest) {
                    return Err(format!("{tool}, {what}: it came to something else than it has to").into());
                }
                self.checked += 1;
            }
            for name in ["sealed", "peak"] {
                if let Some(said) = line[name].as_f64() {
                    let most = self.most.entry((what.clone(), tool.clone(), name)).or_default();
                    *most = most.max(said);
                }
            }
            let rate = number("count")? / number("seconds")?;
            println!("{what:28} {tool:44} {rate:18.1} /s");
            self.versions.insert(tool.clone(), text("version")?);
            self.rates.entry(what).or_default().entry(tool.clone()).or_default().push(rate);
            last = tool;
        }
        Ok(last)
    }

    /// The median rate.
    pub fn median(&self, what: &str, tool: &str) -> Option<f64> {
        self.rates.get(what)?.get(tool).and_then(|rates| middle(rates))
    }

    /// The best of the others: its name and its median rate.
    pub fn strongest(&self, what: &str, ours: &str) -> Option<(&str, f64)> {
        let others = self.rates.get(what)?.iter().filter(|(tool, _)| *tool != ours);
        let medians = others.filter_map(|(tool, rates)| Some((tool.as_str(), middle(rates)?)));
        medians.max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// What one tool left to be written to the disk is not the next one's burden.
pub fn settle() {
    // Where there is no such program, the rounds spread it over all.
    let _ = Command::new("sync").status();
}

/// The middle one.
pub fn middle(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}
