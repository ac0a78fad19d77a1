#!/bin/sh
# Makes the voice of the wall screen: web/static/voice.mp3, one file with every
# syllable a call needs, and web/static/voice_clips.js, where each of them is.
# It is spoken by eSpeak NG 1.51 (a program under GPL-3.0-or-later; what it
# speaks is not covered by its license and is given away with this repository).
#
#	apt-get install espeak-ng sox lame && sh web/voice/make.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out="$here/../static"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gap=0.12

say() { # name, voice, words
	espeak-ng -v "$2" -s 155 -p 45 -a 160 -w "$work/raw.wav" "$3"
	sox "$work/raw.wav" -r 16000 -c 1 "$work/$1.wav" silence 1 0.005 0.4% reverse silence 1 0.005 0.4% reverse highpass 90 gain -n -6 compand 0.01,0.15 6:-60,-30,-12 -4 -90 0.1 norm -2 fade t 0.005 reverse fade t 0.02 reverse
	echo "$1" >>"$work/names"
}

i=0
for s in ling2 yi1 er4 san1 si4 wu3 liu4 qi1 ba1 jiu3 shi2; do say "$i" cmn-latn-pinyin "$s"; i=$((i + 1)); done
say 100 cmn-latn-pinyin bai3
say please cmn-latn-pinyin qing3
say again cmn-latn-pinyin "zai4 ci4 qing3"
say hao cmn-latn-pinyin hao4
say to cmn-latn-pinyin dao4
say booth cmn-latn-pinyin "hao4 tan1 wei4"
for l in A B C D E F G H I J K L M N O P Q R S T U V W X Y Z; do say "$l" en-us "$l"; done

sox -n -r 16000 -c 1 "$work/gap.wav" trim 0 $gap
cp "$work/gap.wav" "$work/all.wav"
{
	echo "// Made by web/voice/make.sh: where each syllable is in voice.mp3, [from, seconds]."
	echo "export const clips = {"
} >"$work/clips.js"
while read -r n; do
	from=$(soxi -D "$work/all.wav")
	length=$(soxi -D "$work/$n.wav")
	printf '\t"%s": [%.3f, %.3f],\n' "$n" "$from" "$length" >>"$work/clips.js"
	sox "$work/all.wav" "$work/$n.wav" "$work/gap.wav" "$work/next.wav"
	mv "$work/next.wav" "$work/all.wav"
done <"$work/names"
echo "};" >>"$work/clips.js"
lame --quiet -m m -b 16 --resample 16 -q 0 --noreplaygain -t "$work/all.wav" "$out/voice.mp3"
mv "$work/clips.js" "$out/voice_clips.js"
