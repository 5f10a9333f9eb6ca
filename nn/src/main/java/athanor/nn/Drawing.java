package athanor.nn;

import athanor.engine.TapeEntry;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// A network as an SVG picture: a box a layer, from the image at the top to the scores at the
/// bottom, an arrow where one reads the other, a frame around each block. The longest way through
/// the network runs straight down; what is beside it, such as projections, stands beside it.
public final class Drawing {
    private static final int WIDTH = 300;
    private static final int HEIGHT = 30;
    private static final int ROW = 46;
    private static final int COLUMN = 350;
    private static final int LEFT = 40;
    private static final int TOP = 64;

    private final Map<Trace.Layer, Set<Trace.Layer>> inputs = new LinkedHashMap<>();
    private final Map<Trace.Layer, Integer> ranks = new LinkedHashMap<>();
    private final Set<Trace.Layer> spine = new LinkedHashSet<>();
    private final StringBuilder svg = new StringBuilder();

    private Drawing(Trace trace) {
        Map<Long, Trace.Layer> layers = trace.layers();
        for (TapeEntry entry : trace.tape()) {
            Trace.Layer layer = layers.get(entry.number());
            if (layer == null || entry.isLeaf() || layer.kind().equals(Trace.LOSS_KIND)) {
                continue;
            }
            Set<Trace.Layer> from = inputs.computeIfAbsent(layer, _ -> new LinkedHashSet<>());
            for (long number : entry.inputs()) {
                Trace.Layer source = layers.get(number);
                if (source != null && source != layer && inputs.containsKey(source)) {
                    from.add(source);
                }
            }
        }
        inputs.forEach(
                (layer, from) ->
                        ranks.put(layer, from.stream().mapToInt(this::rank).max().orElse(0) + 1));
        Trace.Layer last = List.copyOf(inputs.keySet()).getLast();
        for (Trace.Layer at = last; at != null; at = deepest(at)) {
            spine.add(at);
        }
    }

    /// The picture of a model that was traced.
    ///
    /// @param image the shape of what goes in, in words
    public static String svg(String title, String image, Trace trace) {
        return new Drawing(trace).draw(title, image);
    }

    private int rank(Trace.Layer layer) {
        return ranks.getOrDefault(layer, 0);
    }

    private Trace.@org.jspecify.annotations.Nullable Layer deepest(Trace.Layer layer) {
        Trace.Layer found = null;
        for (Trace.Layer input : inputs.getOrDefault(layer, Set.of())) {
            if (found == null || rank(input) > rank(found)) {
                found = input;
            }
        }
        return found;
    }

    private String draw(String title, String image) {
        int rows = ranks.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        int columns = spine.size() == inputs.size() ? 1 : 2;
        int width = 2 * LEFT + WIDTH + (columns - 1) * COLUMN;
        int height = TOP + (rows + 1) * ROW + 20;
        put(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" font-family=\"system-ui, sans-serif\" font-size=\"12\">",
                width, height, width, height);
        put("<title>%s</title>", escaped(title));
        put(
                "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#7b828a\"/></marker></defs>");
        put("<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>");
        put(
                "<text x=\"%d\" y=\"30\" font-size=\"16\" font-weight=\"600\" fill=\"#1f2328\">%s</text>",
                LEFT, escaped(title));
        frames(width);
        inputs.forEach(
                (layer, from) -> {
                    if (from.isEmpty()) {
                        path(LEFT + WIDTH / 2, TOP + HEIGHT, middle(layer), y(layer));
                    }
                    from.forEach(source -> arrow(source, layer));
                });
        box(LEFT, TOP, "image", "", image, "#f3f4f6");
        inputs.keySet()
                .forEach(
                        layer ->
                                box(
                                        x(layer),
                                        y(layer),
                                        label(layer),
                                        layer.name().isEmpty() ? "" : layer.kind(),
                                        layer.output().toString(),
                                        colour(layer.kind())));
        put("</svg>");
        return svg.toString();
    }

    private int x(Trace.Layer layer) {
        return LEFT + (spine.contains(layer) ? 0 : COLUMN);
    }

    private int middle(Trace.Layer layer) {
        return x(layer) + WIDTH / 2;
    }

    private int y(Trace.Layer layer) {
        return TOP + rank(layer) * ROW;
    }

    /// The block that a layer lies in, as layer1.0 of layer1.0.conv1; else empty.
    private static String block(Trace.Layer layer) {
        String[] parts = layer.name().split("\\.");
        return parts.length > 2 ? parts[0] + "." + parts[1] : "";
    }

    /// Within the frame of its block, its name is what comes behind the block's.
    private static String label(Trace.Layer layer) {
        String block = block(layer);
        if (layer.name().isEmpty()) {
            return layer.kind();
        }
        return block.isEmpty() ? layer.name() : layer.name().substring(block.length() + 1);
    }

    /// A frame around the layers of each block, such as layer1.0.
    private void frames(int width) {
        Map<String, List<Integer>> blocks = new LinkedHashMap<>();
        for (Trace.Layer layer : inputs.keySet()) {
            String block = block(layer);
            if (!block.isEmpty()) {
                blocks.computeIfAbsent(block, _ -> new ArrayList<>()).add(y(layer));
            }
        }
        blocks.forEach(
                (name, heights) -> {
                    int top = heights.stream().mapToInt(Integer::intValue).min().orElse(0) - 7;
                    int bottom =
                            heights.stream().mapToInt(Integer::intValue).max().orElse(0) + HEIGHT;
                    put(
                            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#fafaf8\" stroke=\"#e4e4de\"/>",
                            10, top, width - 20, bottom + 7 - top);
                    put(
                            "<text x=\"26\" y=\"%d\" transform=\"rotate(-90 26 %d)\" text-anchor=\"middle\" fill=\"#7b828a\">%s</text>",
                            (top + bottom) / 2, (top + bottom) / 2, escaped(name));
                });
    }

    private void arrow(Trace.Layer from, Trace.Layer to) {
        int right = LEFT + WIDTH;
        int end = y(to) + HEIGHT / 2;
        if (!spine.contains(from) && spine.contains(to)) {
            int start = y(from) + HEIGHT;
            curve("#c9651b", middle(from), start, middle(from), end, right + 60, end, right, end);
        } else if (rank(to) - rank(from) > 1 && spine.contains(from) && spine.contains(to)) {
            int start = y(from) + HEIGHT / 2;
            int bend = right + 36;
            curve("#c9651b", right, start, bend, start + 12, bend, end - 12, right, end);
        } else {
            path(middle(from), y(from) + HEIGHT, middle(to), y(to));
        }
    }

    private void path(int x, int y, int toX, int toY) {
        int bend = x == toX ? 0 : ROW / 2;
        curve("#7b828a", x, y, x, y + bend, toX, toY - bend, toX, toY);
    }

    /// An arrow along a curve of Bezier, by its four points.
    private void curve(String colour, int... p) {
        put(
                "<path d=\"M%d %dC%d %d %d %d %d %d\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.3\" marker-end=\"url(#tip)\"/>",
                p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], colour);
    }

    private void box(int x, int y, String name, String kind, String shape, String colour) {
        put(
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\" fill=\"%s\" stroke=\"#c9cdd2\"/>",
                x, y, WIDTH, HEIGHT, colour);
        put(
                "<text x=\"%d\" y=\"%d\" fill=\"#1f2328\">%s <tspan fill=\"#7b828a\">%s</tspan></text>",
                x + 10, y + 19, escaped(name), escaped(kind));
        put(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" fill=\"#4b5157\">%s</text>",
                x + WIDTH - 10, y + 19, escaped(shape));
    }

    private static String colour(String kind) {
        if (kind.startsWith("Conv")) {
            return "#dbe8f5";
        }
        if (kind.equals("Linear")) {
            return "#f8e3d3";
        }
        return kind.contains("Pool") ? "#dff0e7" : "#f3f4f6";
    }

    @SuppressWarnings("AnnotateFormatMethod") // The annotation would need a library.
    private void put(String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;");
    }
}
