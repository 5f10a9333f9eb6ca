package athanor.train.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// The page that shows runs: one file that holds its style, its script and the library that draws
/// curves (uPlot). The live page fetches its data, a report holds them.
final class Page {
    private static final String PLOTS = "/META-INF/resources/webjars/uplot/1.6.30/dist/";

    private Page() {}

    static String live() {
        return page("", "");
    }

    static String of(List<RunData> runs) {
        ObjectMapper json = new ObjectMapper();
        ArrayNode data = json.createArrayNode();
        StringBuilder numbers = new StringBuilder();
        for (RunData run : runs) {
            data.add(run.toJson());
            numbers.append(run.name()).append('\n');
            run.epochs().forEach(epoch -> numbers.append(epoch).append('\n'));
        }
        try {
            // Within a script element, < could end it.
            return page(
                    json.writeValueAsString(data).replace("<", "\\u003c"),
                    numbers.toString().replace("&", "&amp;").replace("<", "&lt;"));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String page(String data, String numbers) {
        return text("page.html")
                .replace("/*UPLOT-STYLE*/", text(PLOTS + "uPlot.min.css"))
                .replace("/*STYLE*/", text("page.css"))
                .replace("/*UPLOT*/", text(PLOTS + "uPlot.iife.min.js"))
                .replace("/*SCRIPT*/", text("page.js"))
                .replace("<!--NUMBERS-->", numbers)
                .replace("<!--DATA-->", data);
    }

    private static String text(String name) {
        try (InputStream in = Page.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the jar lacks " + name + "; build it anew");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
