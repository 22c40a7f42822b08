//! Trains on the shared sets and prints accuracy and speed:
//! `recipe SETS [NAME …] [--seed S] [--epochs N] [--fold K] [--export FOLDER] [--quantize FOLDER [--weights FILE]]`,
//! where SETS is the folder of the sets.
//! For values to reproduce the share of their variance that is explained stands in place of the accuracy. With `--export`
//! nothing is trained: samples, network and settings are written for `compare/accuracy.py`, which trains them with Keras. With
//! `--quantize` variants of the trained network (or of the weights of a project's run, which saves the training) are made, and
//! written with weights and samples for `compare/int8.py`, which lets TensorFlow's converter make its own.
//!
//! Build it with `--release`: numeric code of the dev profile is many times slower.

#![allow(clippy::print_stdout)]

mod export;
mod folder;
mod quantize;
mod recipes;

use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use emberlab_core::dataset::{Prepared, guess, prepare, read};
use emberlab_core::evaluate::Evaluation;
use emberlab_core::layers::LayerGraph;
use emberlab_core::layers::templates::{Sizes, Template};
use emberlab_core::training::TrainingConfig;
use emberlab_train::{
    Backend, Event, Job, Network, Start, Uninterrupted, evaluate, train, weights_from_bytes,
};
use folder::Folder;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let sets = arguments.next().ok_or("which folder has the sets?")?;
    let (mut names, mut seed, mut epochs, mut fold) = (Vec::new(), 1, None, None);
    let (mut folder, mut variants, mut weights) = (None, None, None);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or("a value is missing");
        match argument.as_str() {
            "--seed" => seed = value()?.parse()?,
            "--epochs" => epochs = Some(value()?.parse()?),
            "--fold" => fold = Some(value()?.parse()?),
            "--export" => folder = Some(PathBuf::from(value()?)),
            "--weights" => weights = Some(weights_from_bytes(&std::fs::read(value()?)?)?),
            "--quantize" => variants = Some(PathBuf::from(value()?)),
            _ => names.push(argument),
        }
    }
    if folder.is_none() {
        println!(
            "| recipe | part | parameters | train | test | accuracy | loss | epochs | seconds an epoch | samples/s |"
        );
        println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    }
    for recipe in recipes::all() {
        if !names.is_empty() && !names.iter().any(|name| name == recipe.name) {
            continue;
        }
        let template = Template::from_id(recipe.template).ok_or("there is no such template")?;
        let mut config = template.recipe();
        config.seed = seed;
        config.epochs = epochs.unwrap_or(config.epochs);
        let files = Folder::new(&Path::new(&sets).join(recipe.set))?;
        let guess = guess(&files).into_iter().next().ok_or("the set has no known format")?;
        let dataset = read(&files, &guess.format, &mut |_| ControlFlow::Continue(()))?;
        let mut accuracies = Vec::new();
        for (number, split) in recipe.splits.iter().enumerate() {
            if fold.is_some_and(|fold: usize| fold != number) {
                continue;
            }
            let prepared = prepare(&dataset, &recipe.preparation, split, &mut |_| ControlFlow::Continue(()))?;
            let shapes = prepared.train.samples.inputs.iter().map(|input| input.shape.clone());
            let sizes = Sizes { inputs: shapes.collect(), outputs: prepared.classes.len() };
            let graph = template.graph(&sizes);
            match &folder {
                Some(folder) => {
                    let folder = folder.join(format!("{}-{number}", recipe.name));
                    export::export(&folder, &graph, &config, &prepared)?;
                }
                None => {
                    let name = format!("{} | {number}", recipe.name);
                    let variants =
                        variants.as_ref().map(|folder| folder.join(format!("{}-{number}", recipe.name)));
                    if let (Some(folder), Some(weights)) = (&variants, &weights) {
                        quantize::quantize(folder, &name, &graph, weights, &prepared)?;
                        continue;
                    }
                    accuracies.push(run(&name, &graph, &config, &prepared, variants.as_deref())?);
                }
            }
        }
        if accuracies.len() > 1 {
            let mean = accuracies.iter().sum::<f64>() / accuracies.len() as f64;
            println!("| {} | mean | | | | {:.2} % | | | | |", recipe.name, 100.0 * mean);
        }
    }
    Ok(())
}

/// Trains, tests and prints a line; gives the accuracy.
fn run(
    name: &str,
    graph: &LayerGraph,
    config: &TrainingConfig,
    prepared: &Prepared,
    variants: Option<&Path>,
) -> Result<f64, Box<dyn Error>> {
    let (training, test) = (&prepared.train.samples, &prepared.test.samples);
    let job = Job { graph, training, validation: None, config, start: Start::Fresh };
    let backend = Backend::cpu();
    let (mut parameters, mut samples) = (0, 0);
    let mut started = Instant::now();
    let mut fastest = f64::MAX;
    let mut trained = Instant::now();
    let mut note = |event: Event| match event {
        Event::Started(start) => {
            (parameters, samples) = (start.parameters, start.training_samples);
            (started, trained) = (Instant::now(), Instant::now());
        }
        Event::Step(_) => trained = Instant::now(),
        Event::Epoch(_) => {
            // Training alone: validation comes after the last step.
            fastest = fastest.min((trained - started).as_secs_f64());
        }
        Event::Checkpoint(_) => started = Instant::now(),
    };
    let outcome = train(&job, &backend, &mut Uninterrupted, &mut note)?;
    let network = Network::new(graph, &outcome.weights, &backend)?;
    let tested = evaluate(&network, test, config)?;
    let accuracy = match &tested.evaluation {
        Evaluation::Classes(classes) => classes.accuracy,
        Evaluation::Values(values) => values.r_squared.unwrap_or(0.0),
    };
    println!(
        "| {name} | {parameters} | {samples} | {} | {:.2} % | {:.4} | {} | {fastest:.2} | {:.0} |",
        test.count,
        100.0 * accuracy,
        tested.loss,
        outcome.checkpoint.epoch,
        samples as f64 / fastest
    );
    if let Some(folder) = variants {
        quantize::quantize(folder, name, graph, &outcome.weights, prepared)?;
    }
    Ok(accuracy)
}
