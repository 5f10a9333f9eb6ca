package athanor.cli;

import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.data.DatasetDescription;
import athanor.train.data.Datasets;
import athanor.train.data.ImageShape;

/// How many classes, and images of which shape, a data set gives to a model; known without opening
/// it.
record Sizes(int classes, ImageShape image, int trainingImages) {
    static Sizes of(Settings settings) {
        DatasetDescription data = Datasets.named(settings.required(Setting.DATA));
        int side = settings.whole(Setting.IMAGE_SIZE);
        int channels = data.shape().channels();
        int classes =
                switch (data.name()) {
                    case "cifar100" -> 100;
                    case "imagefolder" -> 1000; // As ImageNet has.
                    default -> 10;
                };
        int images =
                switch (data.name()) {
                    case "imagefolder" -> 1_281_167;
                    case "cifar10", "cifar100" -> 50_000;
                    case "shapes10" -> 8_000;
                    default -> 60_000;
                };
        ImageShape shape = side == 0 ? data.shape() : new ImageShape(side, side, channels);
        return new Sizes(classes, shape, images);
    }
}
