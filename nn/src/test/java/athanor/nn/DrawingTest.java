package athanor.nn;

import static org.assertj.core.api.Assertions.assertThat;

import athanor.engine.Backend;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.model.Models;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

class DrawingTest {
    private static Document drawing(String name, int side) throws Exception {
        Module model = Models.create(name, 10, 3, side, Optional.empty());
        model.initialize(PhiloxKey.of(1));
        Tensor images = Tensor.of(Shape.of(1, side, side, 3), new float[side * side * 3]);
        Tensor labels = Tensor.of(Backend.cpu(), Shape.of(1), HostBuffer.of(new int[1]));
        String svg = Drawing.svg(name + " <drawn>", "3 x 32", Trace.of(model, images, labels));
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    }

    private static long withColour(NodeList nodes, String attribute, String colour) {
        long found = 0;
        for (int i = 0; i < nodes.getLength(); i++) {
            found +=
                    nodes.item(i).getAttributes().getNamedItem(attribute) != null
                                    && nodes.item(i)
                                            .getAttributes()
                                            .getNamedItem(attribute)
                                            .getNodeValue()
                                            .equals(colour)
                            ? 1
                            : 0;
        }
        return found;
    }

    @Test
    void aResidualNetworkHasABoxALayerAFrameABlockAndAnArrowAShortcut() throws Exception {
        Document svg = drawing("resnet20", 32);

        NodeList boxes = svg.getElementsByTagName("rect");
        assertThat(withColour(boxes, "fill", "#dbe8f5")).as("convolutions").isEqualTo(21);
        assertThat(withColour(boxes, "fill", "#fafaf8")).as("blocks").isEqualTo(9);
        assertThat(withColour(svg.getElementsByTagName("path"), "stroke", "#c9651b"))
                .as("shortcuts, two of them through a projection")
                .isEqualTo(9);
        assertThat(svg.getElementsByTagName("title").item(0).getTextContent())
                .isEqualTo("resnet20 <drawn>");
    }

    @Test
    void aChainRunsStraightDown() throws Exception {
        Document svg = drawing("alexnet", 224);

        NodeList arrows = svg.getElementsByTagName("path");
        assertThat(withColour(arrows, "stroke", "#c9651b")).isZero();
        long boxes = withColour(svg.getElementsByTagName("rect"), "stroke", "#c9cdd2");
        // Besides the arrows there is one path: their tip.
        assertThat(arrows.getLength()).isEqualTo((int) boxes);
    }
}
