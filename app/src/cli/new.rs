//! `emberlab new`: a project out of a template and data.

use std::io::Write;
use std::path::{Path, PathBuf};

use emberlab_core::dataset::{Dataset, Format, Generated, Generator, Rule, Split, group_kinds};
use emberlab_core::layers::shapes;
use emberlab_core::layers::templates::{ALL, Template};
use emberlab_core::project::{DataReference, EXTENSION, Project, network_sizes, recipe, relative_path};

use super::{Failure, Outcome, written};
use crate::jobs::{
    DataFailure, LoadRequest, LoadStage, Loaded, file_name, load, write_project_file, write_sums,
};
use crate::project::{files_folder, is_project_file};
use crate::theme::format;

/// What data that are made from a seed begin with.
const GENERATED: &str = "generated:";

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The project file to make; `.emberlab` is added where it is missing
    project: PathBuf,
    /// The network to begin with; `emberlab templates` lists them
    #[arg(long, value_name = "NAME")]
    template: String,
    /// A folder or file with data, or generated:NAME for data that are made here
    #[arg(long, value_name = "PATH")]
    data: String,
    /// A folder or file whose recordings only test
    #[arg(long, value_name = "PATH")]
    test: Option<PathBuf>,
    /// Keep groups together (speaker), test some (speaker=ana,ben), or one of several folds (user:1/4)
    #[arg(long, value_name = "GROUP")]
    split_by: Option<String>,
    /// Where everything random of the split begins
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: u64,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Outcome, Failure> {
    let template = template(&arguments.template)?;
    let path = project_path(&arguments.project)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let (reference, request) = data(arguments, &folder)?;
    let loaded = load(&request, &|stage| report(stage)).map_err(|failure| data_failure(&failure))?;
    let loaded = loaded.ok_or_else(|| Failure("reading the data was stopped".to_owned()))?;
    let project = project(arguments, template, reference, &loaded, &path)?;
    if !folder.as_os_str().is_empty() && !folder.is_dir() {
        return Err(Failure(format!(
            "cannot write {}: there is no folder {}",
            path.display(),
            folder.display()
        )));
    }
    write_project_file(&path, &project)
        .map_err(|reason| Failure(format!("cannot write the project: {reason}")))?;
    if let Some(sums) = &loaded.sums {
        write_sums(&files_folder(&path), sums)
            .map_err(|reason| Failure(format!("cannot keep the sums of the data: {reason}")))?;
    }
    written(print(&project, &loaded, &path, out))?;
    Ok(Outcome::Done)
}

fn template(name: &str) -> Result<&'static Template, Failure> {
    Template::from_id(name).ok_or_else(|| {
        let known: Vec<&str> = ALL.iter().map(|template| template.id).collect();
        Failure(format!("there is no template {name}; known are {}", known.join(", ")))
    })
}

/// The file that is made; never one that is there.
fn project_path(path: &Path) -> Result<PathBuf, Failure> {
    let mut path = std::path::absolute(path)
        .map_err(|error| Failure(format!("{} is no place for a project: {error}", path.display())))?;
    if !is_project_file(&path) {
        let mut name = path.into_os_string();
        name.push(format!(".{EXTENSION}"));
        path = PathBuf::from(name);
    }
    if path.exists() {
        return Err(Failure(format!(
            "{} is there already; choose another name or remove it",
            path.display()
        )));
    }
    Ok(path)
}

fn data(arguments: &Arguments, folder: &Path) -> Result<(DataReference, LoadRequest), Failure> {
    let mut request = LoadRequest {
        paths: Vec::new(),
        test_paths: Vec::new(),
        format: None,
        expected: None,
        known_sums: None,
    };
    if let Some(name) = arguments.data.strip_prefix(GENERATED) {
        if arguments.test.is_some() {
            return Err(Failure("--test needs data in files, not generated ones".to_owned()));
        }
        let format = Format::Generated(generated(name)?);
        request.format = Some(format.clone());
        return Ok((DataReference::new(Vec::new(), Some(format)), request));
    }
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| Failure(format!("cannot read {}: {error}", path.display())))
    };
    request.paths = vec![absolute(Path::new(&arguments.data))?];
    request.test_paths = arguments.test.as_deref().map(absolute).transpose()?.into_iter().collect();
    let relative = |paths: &[PathBuf]| paths.iter().map(|path| relative_path(folder, path)).collect();
    let reference = DataReference {
        test_paths: relative(&request.test_paths),
        ..DataReference::new(relative(&request.paths), None)
    };
    Ok((reference, request))
}

fn generated(name: &str) -> Result<Generated, Failure> {
    let id = |kind: &Generator| kind.label().to_lowercase().replace(' ', "-");
    // The names of the project file are understood as well as those of the window.
    let known = |kind: &&Generator| id(kind) == name || short_name(**kind) == name;
    let kind = Generator::ALL.iter().find(known).copied().ok_or_else(|| {
        let known = Generator::ALL.map(short_name).join(", ");
        Failure(format!("there is no generator {name}; known are {known}"))
    })?;
    Ok(Generated { kind, seed: 1, count: kind.default_count() })
}

/// The name of a generator on the command line.
fn short_name(kind: Generator) -> &'static str {
    match kind {
        Generator::Sine => "sine",
        Generator::Gestures => "gestures",
        Generator::Tones => "tones",
        Generator::Digits => "digits",
        Generator::Machine => "machine",
        Generator::SoundAndMotion => "sound-and-motion",
    }
}

/// Progress on standard error, where somebody looks at it.
fn report(stage: LoadStage) -> bool {
    use std::io::IsTerminal as _;
    if let LoadStage::Reading(done, total) = stage
        && std::io::stderr().is_terminal()
    {
        // A progress line that cannot be written is nobody's loss.
        write!(std::io::stderr(), "\rreading {done} of {total} files ").ok();
    }
    true
}

fn data_failure(failure: &DataFailure) -> Failure {
    Failure(format!("{}\n  try: {}", failure.message, failure.help))
}

fn project(
    arguments: &Arguments,
    template: &Template,
    reference: DataReference,
    loaded: &Loaded,
    path: &Path,
) -> Result<Project, Failure> {
    let dataset = &loaded.dataset;
    let (preparation, mut split) = recipe(template, dataset);
    split.seed = arguments.seed;
    if let Some(group) = &arguments.split_by {
        split = split_by(group, split, dataset)?;
    }
    let sizes = network_sizes(dataset, &preparation, &split).map_err(|error| {
        Failure(format!("the data do not suit {}: {}\n  try: {}", template.id, error.message, error.help))
    })?;
    let network = template.graph(&sizes);
    let found = shapes(&network);
    if let Some(problem) = found.errors().next() {
        let shape = |shape: &Vec<usize>| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
        let inputs = sizes.inputs.iter().map(shape).collect::<Vec<_>>().join(" and ");
        return Err(Failure(format!(
            "the network of {} does not take samples of {inputs}: {problem}\n  try: a template for such data, see emberlab templates",
            template.id
        )));
    }
    let file = file_name(path);
    let name = file.strip_suffix(EXTENSION).and_then(|stem| stem.strip_suffix('.')).unwrap_or(&file);
    Ok(Project {
        template: template.id.to_owned(),
        data: Some(DataReference {
            fingerprint: loaded.fingerprint.clone(),
            reading: Some(loaded.format.clone()),
            ..reference
        }),
        preparation,
        split,
        training: template.recipe(),
        network,
        ..Project::new(name)
    })
}

/// The split that a text such as `speaker`, `speaker=ana,ben` or `user:1/4` asks for.
fn split_by(text: &str, split: Split, dataset: &Dataset) -> Result<Split, Failure> {
    let unknown_kind = |kind: &str| {
        let known: Vec<String> = group_kinds(dataset);
        Failure(format!("recordings have no {kind}; --split-by takes one of {}", known.join(", ")))
    };
    let is_known = |kind: &str| group_kinds(dataset).iter().any(|known| known == kind);
    let split = if let Some((kind, groups)) = text.split_once('=') {
        if !is_known(kind) {
            return Err(unknown_kind(kind));
        }
        let groups = groups.split(',').map(|group| group.trim().to_owned()).collect();
        Split {
            test: Rule::Groups { kind: kind.to_owned(), groups },
            keep_fixed: false,
            together: None,
            ..split
        }
    } else if let Some((kind, fold)) = text.split_once(':') {
        if !is_known(kind) {
            return Err(unknown_kind(kind));
        }
        let numbers =
            fold.split_once('/').and_then(|(fold, folds)| Some((fold.parse().ok()?, folds.parse().ok()?)));
        let (fold, folds): (usize, usize) = numbers
            .filter(|(fold, folds)| (1..=*folds).contains(fold))
            .ok_or_else(|| Failure(format!("{fold} is no fold; write the first of four as {kind}:1/4")))?;
        let test = Rule::Fold { kind: kind.to_owned(), folds, fold: fold - 1 };
        Split { test, keep_fixed: false, together: Some(kind.to_owned()), ..split }
    } else {
        if !is_known(text) {
            return Err(unknown_kind(text));
        }
        Split { together: Some(text.to_owned()), ..split }
    };
    // A group that is not there is told now, not when training begins.
    match split.assign(dataset) {
        Ok(_) => Ok(split),
        Err(error) => Err(Failure(format!("{}\n  try: {}", error.message, error.help))),
    }
}

fn print(project: &Project, loaded: &Loaded, path: &Path, out: &mut impl Write) -> std::io::Result<()> {
    let dataset = &loaded.dataset;
    writeln!(out, "{}", path.display())?;
    let recordings = format::counted(dataset.recordings.len() as u64, "recording", "recordings");
    let classes = match dataset.classes.len() {
        0 => String::new(),
        count => format!(", {}", format::counted(count as u64, "class", "classes")),
    };
    writeln!(out, "  data     {}, {recordings}{classes}", loaded.format.label())?;
    let parameters = shapes(&project.network).parameters().total();
    let parameters = format::counted(parameters, "parameter", "parameters");
    writeln!(out, "  network  {}, {parameters}", project.template)?;
    let problems = dataset.problems.total();
    if problems > 0 {
        writeln!(out, "  problems {}", format::count(problems as u64))?;
        for problem in dataset.problems.list().iter().take(5) {
            writeln!(out, "    {}; {}", crate::jobs::problem_text(problem), problem.help)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use emberlab_core::dataset::Part;

    use super::*;
    use crate::jobs::read_project_file;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("emberlab-new-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir_all(&path).expect("the temporary folder can be written to");
            Self(path)
        }

        fn arguments(&self, template: &str, data: &str) -> Arguments {
            Arguments {
                project: self.0.join("p"),
                template: template.to_owned(),
                data: data.to_owned(),
                test: None,
                split_by: None,
                seed: 0,
            }
        }

        fn run(&self, arguments: &Arguments) -> Result<String, String> {
            let mut out = Vec::new();
            match run(arguments, &mut out) {
                Ok(_) => Ok(String::from_utf8(out).expect("text")),
                Err(Failure(message)) => {
                    let left: Vec<_> = std::fs::read_dir(&self.0).expect("it is ours").flatten().collect();
                    let made = left.iter().any(|entry| is_project_file(&entry.path()));
                    assert!(!made, "nothing is written when it fails: {message}");
                    Err(message)
                }
            }
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_project_of_generated_data_fits_its_network() {
        let scratch = Scratch::new("generated");
        let said = scratch.run(&scratch.arguments("digits-cnn", "generated:digits")).expect("a project");
        assert!(said.contains("4,000 recordings, 10 classes"), "{said}");
        let opened = read_project_file(&scratch.0.join("p.emberlab")).expect("it was just written");
        let project = opened.project;
        assert_eq!((project.name.as_str(), project.template.as_str()), ("p", "digits-cnn"));
        assert!(project.data.is_some_and(|reference| reference.is_generated()));
        let again = scratch.arguments("digits-cnn", "generated:digits");
        let mut out = Vec::new();
        let Err(Failure(message)) = run(&again, &mut out) else { panic!("it is there already") };
        assert!(message.contains("is there already"), "{message}");
    }

    #[test]
    fn data_in_files_are_kept_relative_with_their_sums() {
        let scratch = Scratch::new("files");
        let rows = |offset: usize| {
            let rows = (0..40).map(|row| {
                format!("{},{},{},{}\n", row + offset, row * 2, row % 7, ["idle", "walk"][row % 2])
            });
            format!("x,y,z,label\n{}", rows.collect::<String>())
        };
        std::fs::create_dir_all(scratch.0.join("set")).expect("it is ours");
        std::fs::write(scratch.0.join("set/a.csv"), rows(0)).expect("it is ours");
        std::fs::write(scratch.0.join("test.csv"), rows(3)).expect("it is ours");
        let mut arguments = scratch.arguments("accelerometer", &scratch.0.join("set").display().to_string());
        arguments.test = Some(scratch.0.join("test.csv"));
        scratch.run(&arguments).expect("a project");
        let project = read_project_file(&scratch.0.join("p.emberlab")).expect("it was just written").project;
        let reference = project.data.expect("it has data");
        assert_eq!(
            (reference.paths, reference.test_paths),
            (vec!["set".to_owned()], vec!["test.csv".to_owned()])
        );
        let sums = std::fs::read_to_string(scratch.0.join("p.files/data.sha256")).expect("the sums are kept");
        assert_eq!(sums.lines().count(), 2);
        assert_eq!(reference.fingerprint.map(|fingerprint| fingerprint.files), Some(2));
    }

    #[test]
    fn what_does_not_fit_is_one_clear_message() {
        let scratch = Scratch::new("wrong");
        for (template, data, part) in [
            ("no-such", "generated:sine", "there is no template no-such"),
            ("sine", "generated:nothing", "there is no generator nothing"),
            ("digits-cnn", "generated:sine", "digits-cnn"),
            ("sine", "/no/such/folder", "folder is not there"),
        ] {
            let message = scratch.run(&scratch.arguments(template, data)).expect_err("it does not fit");
            assert!(message.contains(part), "{message}");
        }
        let mut arguments = scratch.arguments("gesture-lstm", "generated:gestures");
        for (group, part) in
            [("cat", "recordings have no cat"), ("person:9/2", "is no fold"), ("person=nobody", "nobody")]
        {
            arguments.split_by = Some(group.to_owned());
            let message = scratch.run(&arguments).expect_err("it does not fit");
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn splits_are_by_group_by_name_or_by_fold() {
        let kind = Generator::Gestures;
        let dataset = emberlab_core::dataset::generate(&Generated { kind, seed: 1, count: 12 });
        let group_kind = dataset.group_kinds[0].clone();
        let groups = dataset.groups(0);
        let tested = |text: &str| -> Vec<String> {
            let split = split_by(text, Split::default(), &dataset)
                .map_err(|Failure(message)| message)
                .expect("it fits");
            let assignment = split.assign(&dataset).expect("it fits");
            let tests = assignment.parts.iter().enumerate().filter(|(_, part)| **part == Part::Test);
            let mut found: Vec<String> =
                tests.map(|(index, _)| dataset.recordings[index].groups[0].to_string()).collect();
            found.sort();
            found.dedup();
            found
        };
        assert_eq!(tested(&format!("{group_kind}={}", groups[1])), [groups[1].to_string()]);
        assert_eq!(tested(&format!("{group_kind}:1/{}", groups.len())), [groups[0].to_string()]);
        let by_share = tested(&group_kind);
        assert!(!by_share.is_empty() && by_share.len() < groups.len());
    }
}
