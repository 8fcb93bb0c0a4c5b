use unmix_graph::{Edge, Graph, to_dot, to_graphml};

fn awkward() -> Graph {
    let mut graph = Graph::new(["a<&>\"", "b\\", "c\nd", "e\u{1}"]).unwrap();
    graph.add_edge(Edge::directed(0, 1, 1.5).with_probability(0.25)).unwrap();
    graph.add_edge(Edge::undirected(1, 2, -2.0)).unwrap();
    graph
}

#[test]
fn dot() {
    let expected = r#"digraph {
  n0 [label="a<&>\""];
  n1 [label="b\\"];
  n2 [label="c\nd"];
  n3 [label="e"];
  n0 -> n1 [label="1.5 (0.25)"];
  n1 -> n2 [label="-2", dir=none];
}
"#;
    assert_eq!(to_dot(&awkward()), expected.replace("\"e\"", "\"e\u{1}\""));
}

#[test]
fn graphml() {
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="name" for="node" attr.name="name" attr.type="string"/>
  <key id="weight" for="edge" attr.name="weight" attr.type="double"/>
  <key id="probability" for="edge" attr.name="probability" attr.type="double"/>
  <graph edgedefault="directed">
    <node id="n0"><data key="name">a&lt;&amp;&gt;"</data></node>
    <node id="n1"><data key="name">b\</data></node>
    <node id="n2"><data key="name">c
d</data></node>
    <node id="n3"><data key="name">e�</data></node>
    <edge source="n0" target="n1"><data key="weight">1.5</data><data key="probability">0.25</data></edge>
    <edge source="n1" target="n2" directed="false"><data key="weight">-2</data></edge>
  </graph>
</graphml>
"#;
    assert_eq!(to_graphml(&awkward()), expected);
}
