//! The learning rate of every step.

use emberlab_core::training::{Schedule, TrainingConfig};

use crate::checkpoint::Progress;

/// How much lower a loss has to be to count as better when the rate follows plateaus; Keras's default.
const PLATEAU_CHANGE: f32 = 1e-4;

/// The rate of a step: `step` of `steps` in an epoch; `factor` comes from plateaus.
pub(crate) fn learning_rate(
    config: &TrainingConfig,
    epoch: usize,
    step: usize,
    steps: usize,
    factor: f32,
) -> f32 {
    let rate = config.learning_rate;
    let steps = steps.max(1);
    let taken = (epoch * steps + step) as f64;
    let growth = |epochs: usize| ((taken + 1.0) / (epochs * steps).max(1) as f64).min(1.0);
    match config.schedule {
        Schedule::Constant => rate,
        Schedule::Step { factor, epochs } => rate * factor.powi((epoch / epochs.max(1)) as i32),
        Schedule::Cosine { warm_up, final_share } => {
            let (warm_up_steps, all_steps) = ((warm_up * steps) as f64, (config.epochs * steps) as f64);
            if taken < warm_up_steps {
                return (f64::from(rate) * growth(warm_up)) as f32;
            }
            let progress = ((taken - warm_up_steps) / (all_steps - warm_up_steps).max(1.0)).min(1.0);
            let share = f64::from(final_share);
            let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
            (f64::from(rate) * (share + (1.0 - share) * cosine)) as f32
        }
        Schedule::WarmUp { epochs } => (f64::from(rate) * growth(epochs)) as f32,
        Schedule::ReduceOnPlateau { minimum, .. } => (rate * factor).max(minimum.min(rate)),
    }
}

/// Takes note of an epoch's loss: the factor of the rates that follow.
pub(crate) fn factor_after_epoch(
    config: &TrainingConfig,
    plateau: &mut Progress,
    factor: f32,
    loss: f32,
) -> f32 {
    match config.schedule {
        Schedule::ReduceOnPlateau { factor: each, patience, .. } => {
            plateau.note(loss, PLATEAU_CHANGE);
            if plateau.epochs_without >= patience.max(1) {
                plateau.epochs_without = 0;
                return factor * each;
            }
            factor
        }
        Schedule::Constant | Schedule::Step { .. } | Schedule::Cosine { .. } | Schedule::WarmUp { .. } => {
            factor
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(schedule: Schedule, epochs: usize, steps: usize) -> Vec<f32> {
        let config = TrainingConfig { schedule, learning_rate: 0.1, epochs, ..TrainingConfig::default() };
        let places = (0..epochs).flat_map(|epoch| (0..steps).map(move |step| (epoch, step)));
        places.map(|(epoch, step)| learning_rate(&config, epoch, step, steps, 1.0)).collect()
    }

    fn check(schedule: Schedule, epochs: usize, steps: usize, expected: &[f32]) {
        let rates = rates(schedule, epochs, steps);
        assert_eq!(rates.len(), expected.len());
        for (rate, expected) in rates.iter().zip(expected) {
            assert!((rate - expected).abs() < 1e-7, "{rates:?} against {expected}");
        }
    }

    #[test]
    fn rates_follow_their_schedule() {
        check(Schedule::Constant, 2, 1, &[0.1, 0.1]);
        check(Schedule::Step { factor: 0.5, epochs: 2 }, 5, 1, &[0.1, 0.1, 0.05, 0.05, 0.025]);
        check(Schedule::WarmUp { epochs: 2 }, 3, 2, &[0.025, 0.05, 0.075, 0.1, 0.1, 0.1]);
        // 0.5 * (1 + cos(pi * k / 4)): 1, 0.853553, 0.5, 0.146447.
        let cosine = [0.1, 0.085_355_34, 0.05, 0.014_644_66];
        check(Schedule::Cosine { warm_up: 0, final_share: 0.0 }, 4, 1, &cosine);
        check(
            Schedule::Cosine { warm_up: 1, final_share: 0.2 },
            3,
            2,
            &[0.05, 0.1, 0.1, 0.088_284_27, 0.06, 0.031_715_73],
        );
    }

    #[test]
    fn a_plateau_lowers_the_rate() {
        let schedule = Schedule::ReduceOnPlateau { factor: 0.1, patience: 2, minimum: 0.005 };
        let config = TrainingConfig { schedule, learning_rate: 0.1, ..TrainingConfig::default() };
        let (mut plateau, mut factor) = (Progress::START, 1.0);
        let mut rates = Vec::new();
        for loss in [1.0, 0.5, 0.499_95, 0.5, 0.5, 0.5, 0.5] {
            factor = factor_after_epoch(&config, &mut plateau, factor, loss);
            rates.push(learning_rate(&config, 1, 0, 1, factor));
        }
        // 0.49995 is less than 0.0001 better; the second lowering would fall below the minimum.
        for (rate, expected) in rates.iter().zip([0.1, 0.1, 0.1, 0.01, 0.01, 0.005, 0.005]) {
            assert!((rate - expected).abs() < 1e-8, "{rates:?}");
        }
    }
}
