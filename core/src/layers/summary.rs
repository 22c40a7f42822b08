//! The table of a network: what Keras prints, and what each layer costs on the chip.

use std::fmt::{self, Write as _};

use super::{Costs, LayerGraph, LayerId, Parameters, Shapes, shape_text};
use crate::cost::Cycles;
use crate::model::SubgraphId;
use crate::words::grouped;

/// The table of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Name of the network.
    pub name: String,
    /// One row per layer, in the order of the graph.
    pub rows: Vec<SummaryRow>,
    /// Sum over all layers.
    pub parameters: Parameters,
    /// Multiply-accumulates of all layers; `None` without costs.
    pub macs: Option<u64>,
    /// Largest sum of live bytes over all steps; `None` without costs or where TFLM refuses the model.
    pub peak_bytes: Option<u64>,
    /// Cycles of all operators; `None` without costs or where there is no estimate.
    pub cycles: Option<Cycles>,
}

/// One layer of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// Which layer.
    pub layer: LayerId,
    /// Its name.
    pub name: String,
    /// What it computes, such as `Conv2D`.
    pub kind: &'static str,
    /// Shape of one sample; `None` where something is wrong.
    pub output: Option<Vec<usize>>,
    /// How many numbers it learns or keeps.
    pub parameters: Parameters,
    /// Names of the layers that it reads.
    pub connected_to: Vec<String>,
    /// Operators that compute it, such as `CONV_2D`; empty where it disappears.
    pub operators: Vec<String>,
    /// The layer in whose operator it disappears, where it does.
    pub part_of: Option<LayerId>,
    /// Multiply-accumulates.
    pub macs: Option<u64>,
    /// Bytes of its output as int8.
    pub output_bytes: Option<u64>,
    /// Bytes alive while it is computed, at most.
    pub live_bytes: Option<u64>,
    /// `live_bytes` as a share of the largest of all.
    pub peak_share: Option<f64>,
    /// Its time; `None` where it takes none of its own.
    pub cycles: Option<Cycles>,
    /// Why there is no time.
    pub unknown: Option<&'static str>,
}

/// The table of a graph; `costs` are those of the same graph, if it has no errors.
pub fn summary(graph: &LayerGraph, shapes: &Shapes, costs: Option<&Costs>) -> Summary {
    let peak_bytes = costs.and_then(|costs| Some(costs.plan.as_ref().ok()?.lower_bound_bytes));
    let rows = graph.layers.iter().zip(&shapes.layers).map(|(layer, shape)| {
        let name = |id: &LayerId| graph.layer(*id).map(|layer| layer.name.clone());
        let mut row = SummaryRow {
            layer: layer.id,
            name: layer.name.clone(),
            kind: layer.kind.label(),
            output: shape.output.clone(),
            parameters: shape.parameters,
            connected_to: layer.inputs.iter().filter_map(name).collect(),
            operators: Vec::new(),
            part_of: None,
            macs: None,
            output_bytes: None,
            live_bytes: None,
            peak_share: None,
            cycles: None,
            unknown: None,
        };
        if let Some(costs) = costs {
            row.add_costs(graph, costs, peak_bytes);
        }
        row
    });
    let rows: Vec<SummaryRow> = rows.collect();
    Summary {
        name: graph.name.clone(),
        parameters: shapes.parameters(),
        macs: costs.map(|_| rows.iter().filter_map(|row| row.macs).sum()),
        peak_bytes,
        cycles: costs.and_then(|costs| costs.estimate.total),
        rows,
    }
}

impl SummaryRow {
    fn add_costs(&mut self, graph: &LayerGraph, costs: &Costs, peak_bytes: Option<u64>) {
        let main = costs.lowered.model.subgraph(SubgraphId(0));
        let own = costs.operators_of(graph, self.layer);
        let all: Vec<_> = costs.lowered.operators_of(self.layer).collect();
        let name = |operator: &crate::model::OperatorId| {
            costs.lowered.model.operator_name(&main.operators[operator.index()])
        };
        self.operators = all.iter().map(name).collect();
        let shared = all.iter().find(|operator| !own.contains(operator));
        if own.is_empty() {
            let others = shared.map(|operator| costs.lowered.layers_of(*operator)).unwrap_or_default();
            let is_owner = |id: &&LayerId| {
                let operators = costs.operators_of(graph, **id);
                shared.is_some_and(|operator| operators.contains(operator))
            };
            self.part_of = others.iter().find(is_owner).copied();
        }
        self.macs = Some(costs.macs(graph, self.layer));
        self.output_bytes = costs.output_bytes(self.layer);
        self.live_bytes = costs.live_bytes(self.layer);
        let share = |live: u64| Some(live as f64 / peak_bytes.filter(|peak| *peak > 0)? as f64);
        self.peak_share = self.live_bytes.and_then(share);
        match costs.cycles(graph, self.layer) {
            Ok(cycles) => self.cycles = cycles,
            Err(reason) => self.unknown = Some(reason),
        }
    }
}

impl fmt::Display for Summary {
    /// As Keras prints it, with columns for what the chip sees where costs are known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_costs = self.macs.is_some();
        let mut table = vec![header(has_costs)];
        table.extend(self.rows.iter().map(|row| row.cells(has_costs)));
        let widths: Vec<usize> = (0..table[0].len())
            .map(|column| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
            .collect();
        for (number, row) in table.iter().enumerate() {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // Words to the left, numbers to the right.
                let is_text = column < 2 || column == 3;
                let _ =
                    if is_text { write!(line, "{cell:<width$}  ") } else { write!(line, "{cell:>width$}  ") };
            }
            writeln!(f, "{}", line.trim_end())?;
            if number == 0 {
                let length = widths.iter().sum::<usize>() + 2 * (widths.len() - 1);
                writeln!(f, "{}", "─".repeat(length))?;
            }
        }
        let Parameters { trainable, fixed } = self.parameters;
        writeln!(f, "Total params: {}", grouped(self.parameters.total()))?;
        writeln!(f, "Trainable params: {}", grouped(trainable))?;
        write!(f, "Non-trainable params: {}", grouped(fixed))
    }
}

fn header(has_costs: bool) -> Vec<String> {
    let keras = ["Layer (type)", "Output shape", "Param #", "Connected to"];
    let costs = ["MACs", "int8 B", "Live B", "Of peak", "Cycles"];
    let names = keras.iter().chain(costs.iter().filter(|_| has_costs));
    names.map(|name| (*name).to_owned()).collect()
}

impl SummaryRow {
    fn cells(&self, has_costs: bool) -> Vec<String> {
        const NONE: &str = "–";
        let number = |value: Option<u64>| value.map_or(NONE.to_owned(), grouped);
        let mut cells = vec![
            format!("{} ({})", self.name, self.kind),
            self.output.as_deref().map_or(NONE.to_owned(), shape_text),
            grouped(self.parameters.total()),
            self.connected_to.join(", "),
        ];
        if has_costs {
            let share = self.peak_share.map_or(NONE.to_owned(), |share| format!("{:.0} %", share * 100.0));
            let cycles = self.cycles.map(|cycles| cycles.mid.round() as u64);
            cells.extend([
                number(self.macs),
                number(self.output_bytes),
                number(self.live_bytes),
                share,
                number(cycles),
            ]);
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{costs, shapes};
    use crate::plan::{Chip, Target};

    fn graph() -> LayerGraph {
        serde_json::from_str(
            r#"{"name":"two","layers":[
                {"id":0,"name":"x","layer":"Input","shape":[8,8,4]},
                {"id":1,"name":"conv","inputs":[0],"layer":"Conv2D","filters":16,"kernel":[1,1]},
                {"id":2,"name":"norm","inputs":[1],"layer":"BatchNorm"},
                {"id":3,"name":"drop","inputs":[2],"layer":"Dropout","rate":0.5},
                {"id":4,"name":"mean","inputs":[3],"layer":"GlobalPool","mode":"average"},
                {"id":5,"name":"out","inputs":[4],"layer":"Dense","units":10,"activation":"sigmoid"}]}"#,
        )
        .unwrap()
    }

    #[test]
    fn the_table_of_a_graph_without_costs_is_that_of_keras() {
        let graph = graph();
        let text = summary(&graph, &shapes(&graph), None).to_string();
        assert_eq!(
            text,
            "Layer (type)              Output shape  Param #  Connected to\n\
             ─────────────────────────────────────────────────────────────\n\
             x (Input)                 8×8×4               0\n\
             conv (Conv2D)             8×8×16             80  x\n\
             norm (BatchNorm)          8×8×16             64  conv\n\
             drop (Dropout)            8×8×16              0  norm\n\
             mean (GlobalAveragePool)  16                  0  drop\n\
             out (Dense)               10                170  mean\n\
             Total params: 314\n\
             Trainable params: 282\n\
             Non-trainable params: 32"
        );
    }

    #[test]
    fn costs_stand_beside_the_layers_that_have_them() {
        let graph = graph();
        let shapes = shapes(&graph);
        let costs = costs(&graph, &shapes, Target::new(Chip::Esp32s3)).unwrap();
        let summary = summary(&graph, &shapes, Some(&costs));
        let rows: Vec<String> = summary
            .rows
            .iter()
            .map(|row| {
                let part_of = row.part_of.map_or(String::new(), |layer| format!(" in {}", layer.0));
                let time = if row.cycles.is_some() { " timed" } else { "" };
                let unknown = row.unknown.map_or(String::new(), |reason| format!(" ({reason})"));
                format!(
                    "{}: {}{part_of}, {} MACs, {} B{time}{unknown}",
                    row.name,
                    row.operators.join(" "),
                    row.macs.unwrap(),
                    row.output_bytes.unwrap()
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                "x: , 0 MACs, 256 B",
                "conv: CONV_2D, 4096 MACs, 1024 B timed",
                "norm: CONV_2D in 1, 0 MACs, 1024 B",
                "drop: , 0 MACs, 1024 B",
                "mean: AVERAGE_POOL_2D, 0 MACs, 16 B timed",
                "out: FULLY_CONNECTED LOGISTIC, 160 MACs, 10 B (no measurement of this operator is known)",
            ]
        );
        // Alive during the convolution: its input, its output and scratch memory.
        assert_eq!(summary.macs, Some(4256));
        assert_eq!(summary.peak_bytes, summary.rows[1].live_bytes);
        assert_eq!(summary.rows[1].peak_share, Some(1.0));
        assert!(summary.to_string().lines().nth(3).unwrap().contains("4,096"));
    }
}
