import { kind } from '../kind.ts';

export const walkers = kind({
  name: 'walkers',
  watchable: false,
  en: {
    'walkers.title': 'Walkers',
    'walkers.doc': 'The simplest game there is: dots that walk about. A good first look at the client library.',
    'walkers.join': 'Join',
    'walkers.canvas': 'A square field with walkers, seen from above',
    'walkers.count': '{n} walker | {n} walkers',
    'walkers.say': 'Say something to all near by',
    'walkers.send': 'Say',
    'walkers.help': 'Arrow keys or W A S D to walk, or press where to go.',
  },
  zh: {
    'walkers.title': '漫步者',
    'walkers.doc': '最简单的游戏：一群四处走动的小圆点。适合初次了解客户端库。',
    'walkers.join': '加入',
    'walkers.canvas': '俯视的方形场地，上面有许多漫步者',
    'walkers.count': '{n} 个漫步者',
    'walkers.say': '对附近的人说点什么',
    'walkers.send': '发送',
    'walkers.help': '用方向键或 W A S D 移动，也可以按住想去的地方。',
  },
});
