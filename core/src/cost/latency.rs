//! How long a model takes on a chip: an estimate with an error bar, from published measurements.

use super::operator_macs;
use super::rates::{Code, OperatorClass, Overhead, moving_limit, overhead, rate, usual_clock_hz};
use crate::model::{BuiltinOperator as Op, Model, Operator, OperatorId, Subgraph, SubgraphId, TensorType};
use crate::plan::Target;
use crate::verdict::{self, Kernel, OperatorVerdict};

/// An estimate of one invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// What it is made for.
    pub target: Target,
    /// Clock at which such chips usually run, in Hz; `None` for the host.
    pub clock_hz: Option<u64>,
    /// Cycles of one invocation: all operators, and what every invocation takes besides. `None` where an operator that
    /// multiplies has no estimate, so that a sum would say nothing.
    pub total: Option<Cycles>,
    /// What an invocation takes whatever the operators are, mostly code and weights that come from flash again; `None`
    /// where nothing is known about the chip.
    pub invocation: Option<Cycles>,
    /// Which measurements the overheads rest on; empty where there are none.
    pub overhead_source: &'static str,
    /// One entry for every operator of every subgraph, in order.
    pub operators: Vec<OperatorEstimate>,
}

/// Cycles of the processor.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cycles {
    /// Hardly fewer.
    pub low: f64,
    /// The estimate.
    pub mid: f64,
    /// Hardly more.
    pub high: f64,
}

/// An estimate of one operator.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorEstimate {
    /// Subgraph of the operator.
    pub subgraph: SubgraphId,
    /// The operator.
    pub operator: OperatorId,
    /// The kind of work; `None` for memory that is only moved, and where there is no estimate.
    pub class: Option<OperatorClass>,
    /// Its cycles with what the interpreter spends on calling it, or why there is no estimate.
    pub cycles: Result<Cycles, &'static str>,
    /// Which measurements it rests on; empty where there is no estimate.
    pub source: &'static str,
}

/// The estimate for `model` on `target`.
pub fn estimate(model: &Model, target: Target) -> Estimate {
    estimate_with(model, target, &verdict::operators(model, target))
}

/// As [`estimate`], for verdicts that are known already.
pub fn estimate_with(model: &Model, target: Target, verdicts: &[OperatorVerdict]) -> Estimate {
    let overhead = overhead(target.chip);
    let per_operator = overhead.as_ref().map(|overhead| overhead.per_operator);
    let operators: Vec<OperatorEstimate> =
        verdicts.iter().map(|verdict| one(model, target, verdict, per_operator)).collect();
    let invocation = overhead.as_ref().map(|overhead| overhead.per_invocation);
    let multiplies = |it: &OperatorEstimate| super::macs(model, it.subgraph, it.operator) > 0;
    let is_known = operators.iter().all(|it| it.cycles.is_ok() || !multiplies(it))
        && operators.iter().any(|it| it.cycles.is_ok());
    let first = invocation.filter(|_| is_known);
    let known = operators.iter().filter_map(|it| it.cycles.ok());
    let total = first.map(|first| known.fold(first, Cycles::plus));
    let overhead_source = overhead.map_or("", |overhead: Overhead| overhead.source);
    Estimate { target, clock_hz: usual_clock_hz(target.chip), total, operators, invocation, overhead_source }
}

impl Estimate {
    /// Operators without an estimate, which the total leaves out.
    pub fn missing(&self) -> impl Iterator<Item = &OperatorEstimate> {
        self.operators.iter().filter(|it| it.cycles.is_err())
    }

    /// Cycles of an operator of the main subgraph.
    pub fn operator(&self, operator: OperatorId) -> Option<&OperatorEstimate> {
        self.operators.iter().find(|it| it.subgraph == SubgraphId(0) && it.operator == operator)
    }
}

impl Cycles {
    /// A figure whose truth lies within a factor.
    pub(super) fn within(mid: f64, spread: f64) -> Self {
        Self { low: mid / spread, mid, high: mid * spread }
    }

    /// Both together, as if they erred alike.
    pub fn plus(self, other: Self) -> Self {
        Self { low: self.low + other.low, mid: self.mid + other.mid, high: self.high + other.high }
    }

    /// The estimate as a time in microseconds.
    pub fn micros(&self, clock_hz: u64) -> f64 {
        self.mid * 1e6 / clock_hz as f64
    }

    /// The lower and upper end as times in microseconds.
    pub fn micros_range(&self, clock_hz: u64) -> (f64, f64) {
        (self.low * 1e6 / clock_hz as f64, self.high * 1e6 / clock_hz as f64)
    }

    /// The longer side of the error bar as a share of the estimate: the truth lies within ±25 % for 0.25. 0 where there is
    /// nothing to estimate.
    pub fn relative_error(&self) -> f64 {
        if self.mid > 0.0 { (self.high - self.mid).max(self.mid - self.low) / self.mid } else { 0.0 }
    }
}

fn one(
    model: &Model,
    target: Target,
    verdict: &OperatorVerdict,
    per_operator: Option<Cycles>,
) -> OperatorEstimate {
    let graph = model.subgraph(verdict.subgraph);
    let operator = &graph.operators[verdict.operator.index()];
    let (class, cycles, source) = match cycles(model, target, graph, operator, &verdict.kernel) {
        Ok((class, cycles, source)) => (class, Ok(cycles.plus(per_operator.unwrap_or_default())), source),
        Err(reason) => (None, Err(reason), ""),
    };
    OperatorEstimate { subgraph: verdict.subgraph, operator: verdict.operator, class, cycles, source }
}

type Found = (Option<OperatorClass>, Cycles, &'static str);

fn cycles(
    model: &Model,
    target: Target,
    graph: &Subgraph,
    operator: &Operator,
    kernel: &Kernel,
) -> Result<Found, &'static str> {
    let output = operator.output(0).map(|id| graph.tensor(id)).ok_or("it has no output")?;
    let outputs = output.element_count().ok_or("its size is unknown")? as f64;
    let code = match kernel {
        Kernel::EspNnSimd => Code::Simd,
        Kernel::EspNnGeneric => Code::Generic,
        Kernel::Reference(_) => Code::Reference,
        Kernel::Copy => {
            // Nobody has measured it, and it is little: not counted, but it widens the bar by what it can take at most.
            let limit =
                moving_limit(target.chip, target.kernels).ok_or("moving memory has not been measured")?;
            let cycles = Cycles { low: 0.0, mid: 0.0, high: limit * outputs };
            return Ok((None, cycles, "moves memory: at most as long as multiplying it"));
        }
        Kernel::Refused { .. } => return Err("TFLM does not run it"),
    };
    if output.ty != TensorType::Int8 {
        return Err("only int8 kernels have been measured");
    }
    let builtin = model.builtin(operator);
    let class = class(builtin, graph, operator).ok_or("no measurement of this operator is known")?;
    let work = match class {
        OperatorClass::MaxPool | OperatorClass::AveragePool => {
            let taps = operator.option_int("filter_height") * operator.option_int("filter_width");
            outputs * taps.max(1) as f64
        }
        OperatorClass::Addition | OperatorClass::Product | OperatorClass::Softmax => 0.0,
        OperatorClass::Pointwise
        | OperatorClass::WideConvolution
        | OperatorClass::NarrowConvolution
        | OperatorClass::Depthwise
        | OperatorClass::Dense => {
            operator_macs(builtin, graph, operator).ok_or("its size is unknown")? as f64
        }
    };
    let rate = rate(target.chip, code, class)?;
    let cycles = Cycles::within(rate.per_mac * work + rate.per_output * outputs, rate.spread);
    Ok((Some(class), cycles, rate.source))
}

fn class(builtin: Op, graph: &Subgraph, operator: &Operator) -> Option<OperatorClass> {
    Some(match builtin {
        Op::CONV_2D => {
            /// Values that a SIMD instruction takes at once.
            const LANES: i32 = 16;
            let filter = &graph.tensor(operator.input(1)?).shape;
            match filter.as_slice() {
                [_, 1, 1, _] => OperatorClass::Pointwise,
                [_, _, width, channels] if width.saturating_mul(*channels) >= LANES => {
                    OperatorClass::WideConvolution
                }
                _ => OperatorClass::NarrowConvolution,
            }
        }
        Op::DEPTHWISE_CONV_2D => OperatorClass::Depthwise,
        Op::FULLY_CONNECTED => OperatorClass::Dense,
        Op::MAX_POOL_2D => OperatorClass::MaxPool,
        Op::AVERAGE_POOL_2D => OperatorClass::AveragePool,
        Op::ADD => OperatorClass::Addition,
        Op::MUL => OperatorClass::Product,
        Op::SOFTMAX => OperatorClass::Softmax,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
