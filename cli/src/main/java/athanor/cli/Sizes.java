package athanor.cli;

import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.data.DatasetDescription;
import athanor.train.data.Datasets;
import athanor.train.data.ImageShape;

/// How many classes, and images of which shape, a data set gives to a model; known without opening
/// it.
record Sizes(int classes, ImageShape image) {
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
        return new Sizes(classes, side == 0 ? data.shape() : new ImageShape(side, side, channels));
    }
}
